/** Deepest nesting of a file's data; PostgreSQL, JSON.stringify and our own recursion are safe far beyond. */
export const MAX_DEPTH = 64;
/** Values (scalars and collections) of one file. A 2 MiB file of real content has well under 200,000. */
export const MAX_VALUES = 500_000;
/** `*aliases` of one YAML file (SECURITY T13). */
export const MAX_ALIASES = 50;
/** Characters that aliases and merges may add to a file by repeating parts of it. 50 aliases in 9 levels can otherwise mean billions. */
export const MAX_COPIED_SIZE = 4 * 1024 * 1024;
/** Problems kept of one file: enough to mend it by, few enough to store. */
export const MAX_PROBLEMS_PER_FILE = 100;
