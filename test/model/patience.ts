/**
 * Rarely, since many wait at a time and each look costs the service. Long, since lost webhooks are found by looking, and a worker
 * that died leaves its work to another after 9 s.
 */
export const PATIENCE = { withinMs: 90_000, everyMs: 250 };
