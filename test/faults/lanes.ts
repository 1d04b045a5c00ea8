/** Works through what there is to do, so many at once, each taking the next. */
export async function inLanes<T>(
  lanes: number,
  todo: readonly T[],
  open: (lane: number) => Promise<(item: T) => Promise<void>>,
): Promise<void> {
  const left = [...todo];
  const lane = async (_: unknown, number: number): Promise<void> => {
    const work = await open(number);
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, todo.length) }, lane));
}

/** Of times in seconds, what is worth knowing of them. */
export function describeTimes(name: string, seconds: readonly number[]): Readonly<Record<string, number>> {
  const sorted = seconds.toSorted((one, other) => one - other);
  const at = (share: number): number => Number((sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0).toFixed(3));
  return { [`${name} p50 s`]: at(0.5), [`${name} p90 s`]: at(0.9), [`${name} p99 s`]: at(0.99), [`${name} max s`]: at(1) };
}
