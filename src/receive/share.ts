/**
 * Lets requests that wait for the same thing share one look-up. Nothing is kept once it is answered: a rotated or deleted hook
 * is seen by the next request. The look-up before each row halved what storing in groups can do (docs/performance.md).
 */
export function shareLookups<T>(look: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const underWay = new Map<string, Promise<T>>();
  return (id) => {
    const shared = underWay.get(id);
    if (shared !== undefined) return shared;
    const looking = look(id).finally(() => underWay.delete(id));
    underWay.set(id, looking);
    return looking;
  };
}
