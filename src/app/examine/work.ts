import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';
import type { Health } from '#observe/store.ts';
import type { JobCounts } from '#queue/boss.ts';
import type { WorkerState } from '#queue/workers.ts';

/** Older than this, and nobody is at it: routing, claiming and posting take moments. */
const LONG_S = 60;
/** With retries and waits for limits of providers. */
const VERY_LONG_S = 900;
const MANY_JOBS = 1_000;
const RETENTION_LATE_S = 6 * 3_600;

/** Whether anything is stuck, stale or failing. */
export function checkWork(health: Health, workers: readonly WorkerState[], jobs: readonly JobCounts[], version: string): readonly Check[] {
  return [
    checkWorkers(workers, health, version),
    checkDeliveries(health),
    checkSyncs(health),
    checkReports(health),
    ...checkHooks(health),
    ...checkCredentials(health),
    checkJobs(jobs),
    checkRetention(health),
  ];
}

function checkWorkers(workers: readonly WorkerState[], { unrouted, wanted }: Health, version: string): Check {
  const name = 'workers';
  const alive = workers.filter((worker) => worker.alive);
  const lost = workers.filter((worker) => !worker.alive);
  const waits = unrouted.count + wanted.count;
  if (alive.length === 0) {
    const detail = `No process takes jobs${waits > 0 ? `, and ${waits} deliveries and syncs wait` : ''}.`;
    return waits > 0 ? fail(name, detail, 'Start one: npx tributary worker, or npx tributary serve.') : pass(name, detail);
  }
  const names = alive.map((worker) => `${worker.name} (${worker.version})`).join(', ');
  if (alive.some((worker) => worker.version !== version))
    return warn(
      name,
      `Workers of several versions run: ${names}; this is ${version}.`,
      'Finish the update: restart those of the older one.',
    );
  if (lost.length > 0) {
    const gone = lost.map((worker) => `${worker.name}, last seen ${worker.seen_at.toISOString()}`).join('; ');
    return warn(
      name,
      `${names} take jobs; ended without a word: ${gone}.`,
      'If it was not meant: look at the log of that machine. It is forgotten after a day.',
    );
  }
  return pass(name, `${names} ${alive.length === 1 ? 'takes' : 'take'} jobs.`);
}

function checkDeliveries({ unrouted: { count, oldest } }: Health): Check {
  const name = 'deliveries';
  if (oldest <= LONG_S) return pass(name, count === 0 ? 'Every delivery is routed.' : `${count} deliveries are being routed.`);
  const detail = `${count} deliveries are not routed, the oldest for ${seconds(oldest)}.`;
  return fail(name, detail, 'Start a worker; if one runs, its log says why it fails.');
}

function checkSyncs({ wanted, turns, stale }: Health): Check {
  const name = 'syncs';
  if (turns.oldestOverdue > LONG_S) {
    const detail = `${turns.overdue} syncs lost their worker, the longest ${seconds(turns.oldestOverdue)} ago, and nobody took them up.`;
    return fail(name, detail, 'Start a worker; if one runs, look at its log.');
  }
  const old = stale.find(({ afterS }) => afterS === 3_600)?.count ?? 0;
  if (old > 0) {
    return warn(
      name,
      `${old} repositories have not been in sync for over an hour.`,
      'Their operational_status and sync_status say why: GET /api/extras/git-repositories/.',
    );
  }
  if (wanted.oldest > VERY_LONG_S)
    return warn(
      name,
      `${wanted.count} syncs wait, the longest for ${seconds(wanted.oldest)}.`,
      'Start more workers, or see what fails in job results.',
    );
  return pass(name, wanted.count === 0 ? 'Nothing is waiting to be synced.' : `${wanted.count} syncs wait or run.`);
}

function checkReports({ reports: { unsent, oldest } }: Health): Check {
  const name = 'reports';
  if (oldest <= VERY_LONG_S) return pass(name, unsent === 0 ? 'Every status is posted.' : `${unsent} statuses are being posted.`);
  return warn(
    name,
    `${unsent} statuses are not posted, the oldest for ${seconds(oldest)}.`,
    'The log says why: look for the job send-report.',
  );
}

function checkHooks({ hooks, hookFaults, silence }: Health): readonly Check[] {
  const bad = hooks.filter(({ status }) => status === 'misconfigured' || status === 'not_configured' || status === 'unable_to_verify');
  const count = bad.reduce((sum, hook) => sum + hook.count, 0);
  const quiet = checkSilence(silence);
  if (count === 0) return quiet.length > 0 ? quiet : [pass('hooks', 'No webhook is known to be missing or wrong.')];
  const states = bad.map((hook) => `${hook.count} ${hook.provider} ${hook.status}`).join(', ');
  const faults =
    hookFaults.length === 0 ? '' : ` What is wrong: ${hookFaults.map(({ what, count: many }) => `${many} ${what}`).join(', ')}.`;
  return [
    warn(
      'hooks',
      `${count} webhooks are missing or wrong at their provider, or nobody may look: ${states}.${faults}`,
      'Their repositories are polled instead. GET …/git-repositories/?webhook_status=misconfigured lists them with the reason; ' +
        'POST …/git-repositories/webhook-repairs/?webhook_status=misconfigured mends them.',
    ),
    ...quiet,
  ];
}

/** What the provider does not know to be wrong. */
function checkSilence(silence: Health['silence']): readonly Check[] {
  const sum = (pick: (of: Health['silence'][number]) => number): number => silence.reduce((total, of) => total + pick(of), 0);
  const [suppressed, refused] = [sum((of) => of.suppressed), sum((of) => of.refused)];
  return [
    ...(suppressed === 0
      ? []
      : [
          warn(
            'hooks',
            `${suppressed} webhooks look well and did not tell of two or more changes in a row.`,
            'See at the provider what became of their deliveries, and that it reaches PUBLIC_URL.',
          ),
        ]),
    ...(refused === 0
      ? []
      : [
          warn(
            'hooks',
            `${refused} deliveries were refused for their signature, and none of their webhooks has delivered well since.`,
            'POST …/git-repositories/{id}/webhook/repair/ tells the provider the secret again; where it was pasted by hand, rotate it and paste the new one.',
          ),
        ]),
  ];
}

const DAY_S = 86_400;

function checkCredentials({ credentials, nextExpiry }: Health): readonly Check[] {
  const name = 'credentials';
  const bad = credentials.filter(({ state }) => state === 'expired' || state === 'revoked' || state === 'insufficient');
  const checks = bad.map(({ provider, state, count }) =>
    warn(name, `${count} ${provider} credentials are ${state}.`, 'Replace them: GET /api/organizations/default/git-tokens/ names them.'),
  );
  if (nextExpiry !== undefined && nextExpiry < 7 * DAY_S)
    checks.push(
      warn(name, `A credential expires in ${Math.ceil(nextExpiry / DAY_S)} days.`, 'Create a new token and replace the stored one.'),
    );
  return checks.length > 0 ? checks : [pass(name, 'No credential is known to be expired, revoked or too weak.')];
}

function checkJobs(jobs: readonly JobCounts[]): Check {
  const name = 'queue';
  const sum = (pick: (job: JobCounts) => number): number => jobs.reduce((total, job) => total + pick(job), 0);
  const waiting = sum((job) => job.queued + job.active + job.deferred);
  const dead = jobs.filter((job) => job.dead > 0);
  if (dead.length > 0) {
    const detail = `Jobs that failed for good: ${dead.map((job) => `${job.dead} ${job.name}`).join(', ')}.`;
    return warn(
      name,
      detail,
      'The log of the workers says why. Nothing is lost: syncs are asked for again by pushes and polls, hooks by repair.',
    );
  }
  const parked = sum((job) => job.parked);
  if (parked > 0)
    return warn(name, `${parked} jobs wait for a process of a newer version.`, 'Finish the update: restart the older processes.');
  if (waiting > MANY_JOBS) return warn(name, `${waiting} jobs wait or run.`, 'Start more workers: npx tributary worker');
  return pass(name, `The queue answers; ${waiting} ${waiting === 1 ? 'job waits or runs' : 'jobs wait or run'}.`);
}

function checkRetention({ upkeep }: Health): Check {
  const name = 'retention';
  const age = upkeep.find((entry) => entry.name === 'retention')?.age;
  if (age === undefined) return pass(name, 'What is over is removed once a worker has run for a while.');
  if (age <= RETENTION_LATE_S) return pass(name, `What is over was last removed ${seconds(age)} ago.`);
  return warn(name, `What is over was last removed ${seconds(age)} ago.`, 'A worker does it every hour; its log says why it fails.');
}

function seconds(age: number): string {
  if (age < 120) return `${Math.round(age)} s`;
  return age < 7_200 ? `${Math.round(age / 60)} min` : `${Math.round(age / 3_600)} h`;
}
