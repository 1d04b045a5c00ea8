import { simpleGit } from 'simple-git';
import type { Git } from './context.ts';
import type { EnvironmentNeeds } from './environment.ts';
import { gitEnvironment } from './environment.ts';
import { GitExitError, keepTail } from './exit.ts';

export interface SimpleCall extends EnvironmentNeeds {
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * Runs a local call whose output is small, through simple-git with all of its guards on. Everything that talks to a remote, holds
 * the lock or has much to say goes through `startGit`. Throws GitExitError unless Git ends with 0.
 */
export async function runGit(git: Git, call: SimpleCall): Promise<string> {
  const env = gitEnvironment(git, { ...call, watchStdin: true });
  const timeout = AbortSignal.timeout(call.timeoutMs ?? git.timeoutMs);
  // simple-git turns what `errors` answers into an error of its own, as text.
  let exit: GitExitError | undefined;
  const runner = simpleGit({
    baseDir: git.homeDir,
    // A fixed name on a PATH of ours: simple-git refuses most paths.
    binary: 'git-run',
    abort: AbortSignal.any([call.signal, timeout]),
    // Names only: their values are ours, from `gitEnvironment`.
    allowEnvironment: Object.keys(env).filter((name) => name.startsWith('GIT_')),
    completion: { onClose: true, onExit: false },
    // Without this, simple-git takes an exit code other than 0 for success when nothing was written to stderr.
    errors: (error, result) => {
      if (error === undefined && result.exitCode === 0) return undefined;
      exit = exitError(result, call.signal, timeout);
      return exit;
    },
  });
  const closed = git.onProcess();
  try {
    return await runner.env({ ...env }).raw([...call.args]);
  } catch (error) {
    if (exit !== undefined) throw exit;
    const ended = call.signal.aborted ? 'aborted' : timeout.aborted ? 'timed-out' : 'not-started';
    throw new GitExitError({ code: 1, ended, stderr: keepTail('', String(error)) });
  } finally {
    closed();
  }
}

function exitError(
  result: { readonly exitCode: number; readonly stdErr: readonly Buffer[] },
  signal: AbortSignal,
  timeout: AbortSignal,
): GitExitError {
  const ended = signal.aborted ? 'aborted' : timeout.aborted ? 'timed-out' : 'by-itself';
  return new GitExitError({ code: result.exitCode, ended, stderr: keepTail('', Buffer.concat(result.stdErr).toString('utf8')) });
}
