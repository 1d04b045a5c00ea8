const ANSWER_WITHIN_MS = 5_000;

/** Whether a service reaches its database and queue, and in its own words what is missing. */
export async function askReadiness(url: string): Promise<{ readonly ready: boolean; readonly detail: string }> {
  try {
    const answer = await fetch(`${url.replace(/\/+$/, '')}/readyz`, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
    return { ready: answer.status === 200, detail: (await answer.text()).slice(0, 500) };
  } catch (error) {
    return { ready: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
