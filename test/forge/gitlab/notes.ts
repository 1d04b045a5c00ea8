import { randomBytes } from 'node:crypto';
import type { Account } from '#test/forge/accounts.ts';
import type { Forge } from '#test/forge/forge.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { levelIn, LEVELS, NEEDS } from './access.ts';
import { fire, listeners } from './deliveries.ts';
import { numberParam, projectEndpoint, type Call, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { forbidden, notFound, parameterError, refusal } from './errors.ts';
import { lengthOf, textOf } from './input.ts';
import { mergeRequestsOf } from './merge-requests.ts';
import { pageOf } from './pagination.ts';
import { notePayload } from './payloads/note.ts';
import { userShape } from './shapes.ts';
import type { MergeRequest, Note } from './state.ts';

const MAX_BODY = 1_000_000;
const NOTES = '/merge_requests/{iid}/notes';

export const noteEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('GET', NOTES, NEEDS.readNotes, (call) => withMergeRequest(call, (merge) => listNotes(call, merge))),
  projectEndpoint('POST', NOTES, NEEDS.writeNotes, (call) => withMergeRequest(call, (merge) => createNote(call, merge)), checkBody),
  projectEndpoint('GET', `${NOTES}/{note}`, NEEDS.readNotes, (call) =>
    withNote(call, (note, merge) => ({ status: 200, body: noteShape(call.forge, note, merge) })),
  ),
  projectEndpoint(
    'PUT',
    `${NOTES}/{note}`,
    NEEDS.writeNotes,
    (call) => withNote(call, (note, merge) => changeNote(call, note, merge)),
    checkBody,
  ),
  projectEndpoint('DELETE', `${NOTES}/{note}`, NEEDS.writeNotes, (call) => withNote(call, (note) => removeNote(call, note))),
];

/** Writes a note in somebody's name and tells the hooks. */
export function addNote(forge: Forge, merge: MergeRequest, author: Account, body: string): Note {
  const now = new Date();
  const id = 2_000_000 + forge.nextId();
  const discussionId = randomBytes(20).toString('hex');
  const note: Note = { id, discussionId, mergeRequestId: merge.id, author, createdAt: now, body, updatedAt: now };
  forge.gitlab.notes.set(id, note);
  tellOfNote(forge, merge, note, 'create');
  return note;
}

export function checkBody(input: Call['input']): Answer | undefined {
  return textOf(input, 'body') === undefined ? parameterError('body is missing') : undefined;
}

/** By the number within the project, not the id. */
function withMergeRequest(call: ProjectCall, use: (merge: MergeRequest) => Answer): Answer {
  const merge = mergeRequestsOf(call.forge, call.project).find(({ iid }) => iid === numberParam(call, 'iid'));
  return merge === undefined ? notFound() : use(merge);
}

function withNote(call: ProjectCall, use: (note: Note, merge: MergeRequest) => Answer): Answer {
  return withMergeRequest(call, (merge) => {
    const note = call.forge.gitlab.notes.get(numberParam(call, 'note'));
    return note?.mergeRequestId === merge.id ? use(note, merge) : notFound();
  });
}

/** The newest first, unless asked otherwise. */
function listNotes(call: ProjectCall, merge: MergeRequest): Answer {
  const notes = [...call.forge.gitlab.notes.values()].filter(({ mergeRequestId }) => mergeRequestId === merge.id);
  const sorted = textOf(call.input, 'sort') === 'asc' ? notes : notes.toReversed();
  return pageOf(call, sorted, (note) => noteShape(call.forge, note, merge));
}

function createNote(call: ProjectCall, merge: MergeRequest): Answer {
  const { forge, account, caller } = call;
  const body = textOf(call.input, 'body') ?? '';
  const refused = caller === undefined ? forbidden() : refuseBody(body);
  if (refused !== undefined) return refused;
  return { status: 201, body: noteShape(forge, addNote(forge, merge, account, body), merge) };
}

function changeNote(call: ProjectCall, note: Note, merge: MergeRequest): Answer {
  const body = textOf(call.input, 'body') ?? '';
  const refused = isOwn(call, note) ? refuseBody(body) : forbidden();
  if (refused !== undefined) return refused;
  Object.assign(note, { body, updatedAt: new Date() });
  tellOfNote(call.forge, merge, note, 'update');
  return { status: 200, body: noteShape(call.forge, note, merge) };
}

function removeNote(call: ProjectCall, note: Note): Answer {
  if (!isOwn(call, note)) return forbidden();
  call.forge.gitlab.notes.delete(note.id);
  return { status: 204 };
}

/** Others' notes are for maintainers. */
function isOwn({ account, caller, project }: ProjectCall, { author }: Note): boolean {
  return author.id === account.id || (levelIn(caller, project) ?? 0) >= LEVELS.maintainer;
}

export function refuseBody(body: string): Answer | undefined {
  if (body.trim() === '') return refusal(400, '400 Bad request - Note {:note=>["can\'t be blank"]}');
  if (lengthOf(body) <= MAX_BODY) return undefined;
  return refusal(400, `400 Bad request - Note {:note=>["is too long (maximum is ${MAX_BODY} characters)"]}`);
}

function tellOfNote(forge: Forge, merge: MergeRequest, note: Note, action: 'create' | 'update'): void {
  const hooks = listeners(forge, merge.projectId, 'note_events');
  if (hooks.length > 0) fire(forge, hooks, { event: 'note_events', payload: notePayload(forge, merge, note, action) });
}

export function noteShape(forge: Pick<Forge, 'url'>, note: Note, merge: MergeRequest): Record<string, unknown> {
  return {
    id: note.id,
    type: null,
    body: note.body,
    author: userShape(forge.url, note.author),
    created_at: note.createdAt.toISOString(),
    updated_at: note.updatedAt.toISOString(),
    system: false,
    noteable_id: merge.id,
    noteable_type: 'MergeRequest',
    project_id: merge.projectId,
    resolvable: false,
    confidential: false,
    internal: false,
    noteable_iid: merge.iid,
    commands_changes: {},
  };
}
