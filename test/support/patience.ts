/** How long a test on real processes may take. Nothing is measured by it: waits end when what they wait for is there, on any machine. */
export const PATIENCE = { testTimeout: 150_000, hookTimeout: 150_000 };
