import { randomBytes } from 'node:crypto';
import { v7 as newId } from 'uuid';
import type { Vault } from '#credentials/vault.ts';
import type { Database, Tx } from '#db/database.ts';
import type { Refusal } from '#domain/refusal.ts';
import { notFound, refuse, refuseFields } from '#domain/refusal.ts';
import type { Result } from '#domain/result.ts';
import { err, ok } from '#domain/result.ts';
import { notifyTargets } from '#notify/outbox.ts';
import type { PageQuery } from '#notify/store.ts';
import { reopenNotification } from '#notify/store.ts';
import type { JobSender } from '#queue/queue.ts';
import type { Destination } from './destination.ts';
import { openDestination, sealDestination } from './destination.ts';
import type { InputDeps, TargetInput } from './input.ts';
import { checkTarget } from './input.ts';
import { deleteTarget, findTarget, insertTarget, isTargetNameTaken, listTargets, lockTargets, updateTarget } from './store.ts';
import type { Target } from './target.ts';
import { shownAddress, toTarget } from './target.ts';

export interface TargetDeps {
  readonly database: Database;
  readonly queue: JobSender;
  readonly vault: Pick<Vault, 'seal' | 'open'>;
  readonly policy: InputDeps;
}

const WHAT = 'notification target';
const KEY_BYTES = 32;

export interface Owner {
  readonly organizationId: string;
}

export async function readTargets(deps: TargetDeps, { organizationId }: Owner, query: PageQuery) {
  const { count, rows } = await listTargets(deps.database, organizationId, query);
  return { count, items: rows.map((row) => toTarget(row)) };
}

export async function readTarget(deps: TargetDeps, { organizationId }: Owner, id: string): Promise<Result<Target, Refusal>> {
  const row = await findTarget(deps.database, organizationId, id);
  return row === undefined ? err(notFound(WHAT)) : ok(toTarget(row));
}

/** Keeps a target. The key that signs a webhook's notifications is in this answer and in no later one. */
export async function createTarget(
  deps: TargetDeps,
  { organizationId }: Owner,
  input: TargetInput & { readonly name: string; readonly kind: Destination['kind'] },
): Promise<Result<Target, Refusal>> {
  const errors = { ...requireParts(input), ...checkTarget(deps.policy, input.kind, input) };
  if (Object.keys(errors).length > 0) return err(refuseFields(errors));
  const row = { id: newId(), organization_id: organizationId };
  const destination: Destination =
    input.kind === 'webhook'
      ? { kind: 'webhook', url: input.url ?? '', key: input.secret ?? makeKey() }
      : { kind: 'email', to: [...(input.to ?? [])], from: input.from ?? null, smtpUrl: input.smtp_url ?? null };
  return deps.database.transaction(async (tx) => {
    const taken = await takeName(tx, organizationId, input.name, row.id);
    if (taken !== undefined) return err(taken);
    await insertTarget(tx, {
      ...row,
      name: input.name.trim(),
      kind: input.kind,
      shown_address: shownAddress(destination),
      events: input.events == null ? null : [...input.events],
      enabled: input.enabled ?? true,
      sealed_secret: sealDestination(deps.vault, row, destination),
    });
    return reread(tx, organizationId, row.id, destination.kind === 'webhook' && input.secret === undefined ? destination.key : undefined);
  });
}

/** Changes what is given. The address of a webhook and its key, a mail server and its password, are each one thing: nothing goes to another server unasked. */
export async function changeTarget(
  deps: TargetDeps,
  { organizationId }: Owner,
  id: string,
  input: TargetInput,
): Promise<Result<Target, Refusal>> {
  return deps.database.transaction(async (tx) => {
    await lockTargets(tx, organizationId);
    const row = await findTarget(tx, organizationId, id);
    if (row === undefined) return err(notFound(WHAT));
    const errors = {
      ...checkTarget(deps.policy, row.kind, input),
      ...(input.kind === undefined || input.kind === row.kind ? {} : { kind: ['Cannot change. Make another target.'] }),
    };
    if (Object.keys(errors).length > 0) return err(refuseFields(errors));
    const taken = input.name === undefined ? undefined : await takeName(tx, organizationId, input.name, id);
    if (taken !== undefined) return err(taken);
    const destination = leadsElsewhere(input) ? changeDestination(openDestination(deps.vault, row), input) : undefined;
    await updateTarget(tx, id, {
      ...(input.name === undefined ? {} : { name: input.name.trim() }),
      ...(input.events === undefined ? {} : { events: input.events === null ? null : [...input.events] }),
      ...(input.enabled === undefined ? {} : { enabled: input.enabled }),
      // What was said of the place before says nothing of the new one.
      ...(destination === undefined
        ? {}
        : {
            sealed_secret: sealDestination(deps.vault, row, destination),
            shown_address: shownAddress(destination),
            failures: 0,
            failing_since: null,
            last_error: null,
          }),
    });
    return reread(tx, organizationId, id);
  });
}

export async function removeTarget(deps: TargetDeps, { organizationId }: Owner, id: string): Promise<Result<undefined, Refusal>> {
  const removed = await deps.database.transaction((tx) => deleteTarget(tx, organizationId, id));
  return removed ? ok(undefined) : err(notFound(WHAT));
}

/** Sends a notification that means nothing, by the same way as every other; its id, to be found in the log. */
export async function testTarget(
  deps: TargetDeps,
  { organizationId, slug }: Owner & { readonly slug: string },
  id: string,
): Promise<Result<{ readonly notification: string; readonly status: 'pending' }, Refusal>> {
  return deps.database.transaction(async (tx) => {
    const row = await findTarget(tx, organizationId, id);
    if (row === undefined) return err(notFound(WHAT));
    const data = { summary: `This is a test of the notification target ${row.name}.`, help: null, organization: slug };
    const [notification] = await notifyTargets(deps.queue, tx, {
      organizationId,
      event: 'target.test',
      occasion: `test:${newId()}`,
      targetId: id,
      data,
    });
    return notification === undefined ? err(notFound(WHAT)) : ok({ notification, status: 'pending' as const });
  });
}

/** Tries a notification once more that was given up. */
export async function sendAgain(
  deps: TargetDeps,
  { organizationId }: Owner,
  id: string,
): Promise<Result<{ readonly notification: string; readonly status: 'pending' }, Refusal>> {
  return deps.database.transaction(async (tx) => {
    if (!(await reopenNotification(tx, organizationId, id)))
      return err(refuse('NOT_SUPPORTED', 'Only a notification that could not be delivered is sent again.'));
    await deps.queue.send(tx, 'send-notification', { notificationId: id });
    return ok({ notification: id, status: 'pending' as const });
  });
}

function requireParts({ kind, url, to }: TargetInput): Readonly<Record<string, readonly string[]>> {
  if (kind === 'webhook') return url === undefined ? { url: ['Is required.'] } : {};
  return to === undefined ? { to: ['Is required.'] } : {};
}

function leadsElsewhere({ url, secret, to, from, smtp_url: smtpUrl }: TargetInput): boolean {
  return [url, secret, to, from, smtpUrl].some((value) => value !== undefined);
}

function changeDestination(before: Destination, { url, secret, to, from, smtp_url: smtpUrl }: TargetInput): Destination {
  if (before.kind === 'webhook')
    return { ...before, ...(url === undefined ? {} : { url }), ...(secret === undefined ? {} : { key: secret }) };
  return {
    ...before,
    ...(to === undefined ? {} : { to: [...to] }),
    ...(from === undefined ? {} : { from }),
    ...(smtpUrl === undefined ? {} : { smtpUrl }),
  };
}

function makeKey(): string {
  return `whsec_${randomBytes(KEY_BYTES).toString('base64')}`;
}

async function takeName(tx: Tx, organizationId: string, name: string, id: string): Promise<Refusal | undefined> {
  await lockTargets(tx, organizationId);
  const taken = await isTargetNameTaken(tx, organizationId, name.trim(), id);
  return taken ? refuseFields({ name: [`Another notification target is named "${name.trim()}" already.`] }) : undefined;
}

async function reread(tx: Tx, organizationId: string, id: string, secret?: string): Promise<Result<Target, Refusal>> {
  const row = await findTarget(tx, organizationId, id);
  return row === undefined ? err(notFound(WHAT)) : ok(toTarget(row, secret));
}
