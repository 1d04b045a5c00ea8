import { answers, findService, isAlive } from '#cli/client/discover.ts';
import type { FoundService } from '#cli/client/discover.ts';
import type { Config } from '#config.ts';
import { readServiceFile, serviceFilePath } from '#service-file.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

export interface CheckedService {
  readonly checks: readonly Check[];
  readonly running: FoundService | undefined;
}

/** Whether a service runs on the data folder, and whether commands will find it. */
export async function checkService({ dataDir }: Config): Promise<CheckedService> {
  const name = 'service';
  const running = await findService(dataDir);
  if (running !== undefined) return { running, checks: [pass(name, `A service runs at ${running.url}.`)] };
  const file = await readServiceFile(dataDir);
  if (file === undefined) {
    return { running, checks: [pass(name, 'No service runs on this data folder; commands start the application themselves.')] };
  }
  if (!isAlive(file.pid)) {
    const detail = `${serviceFilePath(dataDir)} names process ${file.pid}, which is gone: the service did not stop in an orderly way.`;
    return { running, checks: [warn(name, detail, 'Nothing to do: the next start replaces the file.')] };
  }
  const detail = (await answers(file.url))
    ? `The service at ${file.url} answers, but there is no local token to talk to it with.`
    : `The service at ${file.url} (process ${file.pid}) does not answer.`;
  return { running, checks: [fail(name, detail, 'Look at its log, and restart it.')] };
}
