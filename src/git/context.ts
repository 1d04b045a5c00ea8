/** Limits of one repository. Passing one is a TOO_LARGE that names the variable which raises it. */
export interface GitLimits {
  readonly maxEntries: number;
  readonly maxBlobBytes: number;
  readonly maxImportBytes: number;
  readonly maxPackBytes: number;
}

export interface GitLog {
  warn(detail: object, message: string): void;
}

/** Everything a call of Git depends on. Made once by `createGit`; holds no secret. */
export interface Git {
  /** HOME of every call; holds nothing but the hardened configuration. */
  readonly homeDir: string;
  readonly mirrorsDir: string;
  /** For short-lived repositories that are no mirrors. */
  readonly scratchDir: string;
  /** PATH of every call: our own commands, the folder of the Git found at start, the system's. */
  readonly path: string;
  readonly limits: GitLimits;
  /** Wall clock of one call. */
  readonly timeoutMs: number;
  readonly log: GitLog;
  /** Called when a process of Git starts; what it answers is called when that ends. */
  readonly onProcess: () => () => void;
  /** Whether `flock` exists; without it writers are kept apart within this process only. */
  readonly hasFlock: boolean;
  /** Last writer in line of each mirror, within this process. */
  readonly queues: Map<string, Promise<void>>;
}
