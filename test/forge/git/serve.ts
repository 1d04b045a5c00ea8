import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { bitbucketGit } from '#test/forge/bitbucket/git-access.ts';
import { holdFor, pause, type ActiveFault } from '#test/forge/faults.ts';
import type { Forge } from '#test/forge/forge.ts';
import { githubGit } from '#test/forge/github/git-access.ts';
import { gitlabGit } from '#test/forge/gitlab/git-access.ts';
import { sendAnswer, type Answer, type Exchange } from '#test/forge/http/exchange.ts';
import type { Seen } from '#test/forge/http/faulty.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { announcePush } from '#test/forge/pushed.ts';
import type { ProviderName } from '#test/forge/wire.ts';
import type { GitCaller, GitFace, GitService } from './face.ts';
import { callBackend, type BackendAnswer } from './http-backend.ts';
import type { RefChange } from './refs.ts';

const FACES: Readonly<Record<ProviderName, GitFace>> = { github: githubGit, gitlab: gitlabGit, bitbucket: bitbucketGit };
/** Two names at GitHub, more where there are groups within groups. */
const GIT_PATH = /^\/([^/]+(?:\/[^/]+?)+?)(?:\.git)?(\/(?:info\/refs|git-upload-pack|git-receive-pack))$/;

/** Answers Git's own protocol below `/{owner}/{repo}.git`. Anything else there is unknown. */
export async function serveGit(forge: Forge, exchange: Exchange): Promise<void> {
  const { request, url, method } = exchange;
  const [, name = '', path = ''] = GIT_PATH.exec(url.pathname) ?? [];
  const found = forge.repositories.find(name);
  const { authorization } = request.headers;
  const face = FACES[found?.repository.provider ?? providerOf(forge, authorization)];
  const login = face.recognize(forge, authorization)?.login;
  const repository = found === undefined ? name : fullNameOf(found.repository);
  const fault = forge.faults.take({ target: 'git', method, path: url.pathname, repository, login });
  if (fault !== undefined && !(await holdFor(fault.action, fault.cleared, exchange.left))) return;
  if (fault?.action.kind === 'drop') return void exchange.response.destroy();
  if (fault?.action.kind === 'respond') return sendAnswer(exchange, fault.action);
  const service = serviceOf(method, path, url);
  if (typeof service !== 'string') return sendAnswer(exchange, service);
  const admission = face.admit(forge, authorization, found?.repository, service);
  if ('refusal' in admission) return sendAnswer(exchange, admission.refusal);
  if (found === undefined) return sendAnswer(exchange, { status: 404, text: 'Repository not found.\n' });
  if (found.moved && face.redirects(forge))
    return sendAnswer(exchange, { status: 301, headers: { Location: `${forge.url}/${repository}.git${path}${url.search}` } });
  await forge.busy.track(runService(forge, exchange, { repository: found.repository, path, caller: admission.caller, fault }));
}

/** Where there is no repository, the credential tells whose words to use. */
function providerOf(forge: Forge, authorization: string | undefined): ProviderName {
  if (bitbucketGit.recognize(forge, authorization) !== undefined) return 'bitbucket';
  return gitlabGit.recognize(forge, authorization) === undefined ? 'github' : 'gitlab';
}

function serviceOf(method: string, path: string, url: URL): GitService | Answer {
  if (method === 'POST' && path === '/git-upload-pack') return 'git-upload-pack';
  if (method === 'POST' && path === '/git-receive-pack') return 'git-receive-pack';
  if (method !== 'GET' || path !== '/info/refs') return { status: 404, text: 'Not Found\n' };
  const service = url.searchParams.get('service');
  if (service === 'git-upload-pack' || service === 'git-receive-pack') return service;
  return { status: 403, text: 'Please upgrade your git client.\nGitHub.com no longer supports git over dumb-http.\n' };
}

interface ServiceCall {
  readonly repository: Repository;
  readonly path: string;
  readonly caller: GitCaller | undefined;
  readonly fault: ActiveFault | undefined;
}

/** A push is recorded and its events are on their way before the client hears that it is done. */
async function runService(forge: Forge, exchange: Exchange, call: ServiceCall): Promise<void> {
  const { repository, path, caller, fault } = call;
  const pushRecord = join(forge.gitRoot, `push-${randomUUID()}`);
  const { request, url, response } = exchange;
  const left = AbortSignal.any([exchange.left, forge.ended]);
  const user = caller?.login;
  const query = url.search.slice(1);
  const answer = await callBackend({ request, gitRoot: forge.gitRoot, dir: repository.dir, path, query, user, pushRecord, left });
  const seen = await relay(exchange, answer, fault);
  await answer.ended;
  await recordPush(forge, call, pushRecord, seen);
  if (fault?.action.kind === 'fail-after-effect') return sendAnswer(exchange, fault.action);
  if (seen === 'nothing') response.destroy();
  else response.end();
}

/** Passes the answer on as far as the fault lets it, and leaves it open. */
async function relay(exchange: Exchange, { status, headers, body, kill }: BackendAnswer, fault: ActiveFault | undefined): Promise<Seen> {
  const action = fault?.action;
  if (action?.kind === 'fail-after-effect') {
    await consume(body.resume());
    return action.status;
  }
  exchange.response.writeHead(status, headers);
  if (fault === undefined || action?.kind !== 'truncate') {
    body.pipe(exchange.response, { end: false });
    // A client that has gone reads no more; Git was killed with it.
    exchange.left.addEventListener('abort', () => body.resume());
    await consume(body);
    return exchange.left.aborted ? 'nothing' : status;
  }
  let left = action.bytes;
  for await (const chunk of body) {
    const part = (chunk as Buffer).subarray(0, left);
    exchange.response.write(part);
    left -= part.length;
    if (left === 0) break;
  }
  if (action.afterwards === 'hang') await pause(undefined, AbortSignal.any([fault.cleared, exchange.left]));
  kill();
  return 'nothing';
}

function consume(body: Readable): Promise<void> {
  return new Promise((resolve) => {
    if (body.readableEnded || body.destroyed) return resolve();
    body
      .on('end', resolve)
      .on('close', resolve)
      .on('error', () => resolve());
  });
}

async function recordPush(forge: Forge, { repository, caller }: ServiceCall, pushRecord: string, seen: Seen): Promise<void> {
  if (!existsSync(pushRecord)) return;
  const changes = readFileSync(pushRecord, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): RefChange => {
      const [before = '', after = '', ref = ''] = line.split(' ');
      return { ref, before, after };
    });
  rmSync(pushRecord);
  forge.effects.add({
    method: 'PUSH',
    path: `/${fullNameOf(repository)}.git`,
    token: caller ?? null,
    status: 200,
    answered: seen,
    body: { refs: changes },
  });
  await announcePush(forge, { repository, changes, pusher: forge.accounts.ensure(caller?.login ?? repository.owner.login) });
}
