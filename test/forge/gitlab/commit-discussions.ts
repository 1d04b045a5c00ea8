import { randomBytes } from 'node:crypto';
import { resolveCommit } from '#test/forge/git/refs.ts';
import type { Answer } from '#test/forge/http/exchange.ts';
import { NEEDS } from './access.ts';
import { numberParam, projectEndpoint, type ProjectCall, type ProjectEndpoint } from './endpoint.ts';
import { forbidden, notFound } from './errors.ts';
import { textOf } from './input.ts';
import { checkBody, refuseBody } from './notes.ts';
import { pageOf } from './pagination.ts';
import { userShape } from './shapes.ts';
import type { CommitNote } from './state.ts';

const DISCUSSIONS = '/repository/commits/{sha}/discussions';

/** Comments on commits, each the first of a discussion. */
export const commitDiscussionEndpoints: readonly ProjectEndpoint[] = [
  projectEndpoint('GET', DISCUSSIONS, NEEDS.readNotes, (call) => withCommit(call, (sha) => list(call, sha))),
  projectEndpoint('POST', DISCUSSIONS, NEEDS.writeNotes, (call) => withCommit(call, (sha) => create(call, sha)), checkBody),
  projectEndpoint('PUT', `${DISCUSSIONS}/{discussion}/notes/{note}`, NEEDS.writeNotes, edit, checkBody),
];

async function withCommit(call: ProjectCall, use: (sha: string) => Answer): Promise<Answer> {
  const sha = await resolveCommit(call.project.dir, call.params['sha'] ?? '');
  return sha === undefined ? notFound('Commit') : use(sha);
}

function list(call: ProjectCall, sha: string): Answer {
  const notes = call.forge.gitlab.commitNotes.filter((note) => note.projectId === call.project.id && note.sha === sha);
  return pageOf(call, notes, (note) => discussionShape(call, note));
}

function create(call: ProjectCall, sha: string): Answer {
  const { forge, project, account, caller } = call;
  const body = (textOf(call.input, 'body') ?? '').trimEnd();
  const refused = caller === undefined ? forbidden() : refuseBody(body);
  if (refused !== undefined) return refused;
  const now = new Date();
  const ids = { id: 3_000_000 + forge.nextId(), discussionId: randomBytes(20).toString('hex') };
  const note = { ...ids, projectId: project.id, sha, author: account, createdAt: now, body, updatedAt: now };
  forge.gitlab.commitNotes.push(note);
  return { status: 201, body: discussionShape(call, note) };
}

/** Nobody changes what another wrote. */
function edit(call: ProjectCall): Answer {
  const id = numberParam(call, 'note');
  const note = call.forge.gitlab.commitNotes.find((candidate) => candidate.id === id && candidate.projectId === call.project.id);
  if (note === undefined || note.discussionId !== call.params['discussion']) return notFound('Note');
  if (note.author.id !== call.account.id) return forbidden();
  const body = (textOf(call.input, 'body') ?? '').trimEnd();
  const refused = refuseBody(body);
  if (refused !== undefined) return refused;
  Object.assign(note, { body, updatedAt: new Date() });
  return { status: 200, body: noteShape(call, note) };
}

function discussionShape(call: ProjectCall, note: CommitNote): Record<string, unknown> {
  return { id: note.discussionId, individual_note: true, notes: [noteShape(call, note)] };
}

function noteShape({ forge }: ProjectCall, note: CommitNote): Record<string, unknown> {
  return {
    id: note.id,
    type: null,
    body: note.body,
    author: userShape(forge.url, note.author),
    created_at: note.createdAt.toISOString(),
    updated_at: note.updatedAt.toISOString(),
    system: false,
    noteable_type: 'Commit',
    commit_id: note.sha,
    resolvable: false,
  };
}
