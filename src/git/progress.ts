/** How far a transfer is, as Git counts it. */
export interface GitProgress {
  readonly phase: 'preparing' | 'receiving' | 'resolving' | 'checking';
  readonly percent: number;
}

const PHASES: readonly (readonly [GitProgress['phase'], RegExp])[] = [
  ['preparing', /(?:Counting|Compressing) objects:\s+(\d+)%/g],
  ['receiving', /Receiving objects:\s+(\d+)%/g],
  ['resolving', /Resolving deltas:\s+(\d+)%/g],
  ['checking', /Checking (?:objects|connectivity):\s+(\d+)%/g],
];

/** Reads Git's progress meter from its stderr; tells each step once. */
export function createProgressReader(onProgress: (progress: GitProgress) => void): (text: string) => void {
  let last = '';
  return (text) => {
    for (const [phase, pattern] of PHASES) {
      const percent = [...text.matchAll(pattern)].at(-1)?.[1];
      if (percent === undefined || last === phase + percent) continue;
      last = phase + percent;
      onProgress({ phase, percent: Number(percent) });
    }
  };
}
