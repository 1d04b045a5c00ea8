/** Tells the story and keeps count of what turned out not to be true. */
export interface Narrator {
  readonly chapter: (title: string) => void;
  readonly say: (...lines: readonly string[]) => void;
  /** States something that was looked up; what is not true is marked and makes the demo fail. */
  readonly claim: (statement: string, isTrue: boolean) => void;
  readonly failures: () => number;
}

export function createNarrator(write: (text: string) => void): Narrator {
  let chapters = 0;
  let failures = 0;
  return {
    chapter: (title) => {
      chapters += 1;
      write(`\n${chapters}. ${title}\n`);
    },
    say: (...lines) => write(lines.map((line) => `   ${line}\n`).join('')),
    claim: (statement, isTrue) => {
      if (!isTrue) failures += 1;
      write(`   ${isTrue ? '✓' : '✗ NOT TRUE:'} ${statement}\n`);
    },
    failures: () => failures,
  };
}
