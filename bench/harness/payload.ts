import { randomUUID } from 'node:crypto';

/** About what a push of a team is (PERFORMANCE.md section 2 measured with 10,272 bytes). */
const BYTES = 10_240;

/** A push payload with every field that GitHub sends, and as many commits as bring it to 10 KB. */
export function pushPayload(repository: { readonly owner: string; readonly name: string }): Buffer {
  const commits = [];
  for (let number = 1; ; number++) {
    const text = JSON.stringify(payloadWith(repository, [...commits, commit(repository, number)]));
    if (Buffer.byteLength(text) > BYTES && commits.length > 0) return Buffer.from(JSON.stringify(payloadWith(repository, commits)));
    commits.push(commit(repository, number));
  }
}

function payloadWith({ owner, name }: { readonly owner: string; readonly name: string }, commits: readonly ReturnType<typeof commit>[]) {
  const head = commits.at(-1);
  const site = `https://github.com/${owner}/${name}`;
  const api = `https://api.github.com/repos/${owner}/${name}`;
  return {
    ref: 'refs/heads/main',
    before: sha(),
    after: head?.id,
    repository: {
      id: 186_853_002,
      node_id: 'MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=',
      name,
      full_name: `${owner}/${name}`,
      private: true,
      owner: account(owner, 21_031_067, 'Organization'),
      html_url: site,
      description: 'Configuration of every site',
      fork: false,
      url: site,
      ...Object.fromEntries(LINKS.map((link) => [`${link}_url`, `${api}/${link}{/id}`])),
      created_at: 1_557_933_565,
      updated_at: '2026-11-01T15:20:41Z',
      pushed_at: 1_793_546_400,
      git_url: `git://github.com/${owner}/${name}.git`,
      ssh_url: `git@github.com:${owner}/${name}.git`,
      clone_url: `${site}.git`,
      svn_url: site,
      homepage: null,
      size: 4_021,
      stargazers_count: 3,
      watchers_count: 3,
      language: 'Jinja',
      has_issues: true,
      has_projects: true,
      has_wiki: false,
      forks_count: 1,
      archived: false,
      disabled: false,
      open_issues_count: 2,
      license: null,
      visibility: 'private',
      default_branch: 'main',
      master_branch: 'main',
    },
    pusher: { name: 'ana', email: 'ana@example.com' },
    organization: { login: owner, id: 21_031_067, url: `https://api.github.com/orgs/${owner}` },
    sender: account('ana', 21_031_068, 'User'),
    created: false,
    deleted: false,
    forced: false,
    base_ref: null,
    compare: `${site}/compare/main`,
    commits,
    head_commit: head,
  };
}

const LINKS = (
  'forks keys collaborators teams hooks issue_events events assignees branches tags blobs git_tags git_refs trees statuses languages ' +
  'stargazers contributors subscribers subscription commits git_commits comments issue_comment contents compare merges archive downloads ' +
  'issues pulls milestones notifications labels releases deployments'
).split(' ');

function account(login: string, id: number, type: string) {
  const api = `https://api.github.com/users/${login}`;
  const parts = ['followers', 'following', 'gists', 'starred', 'subscriptions', 'organizations', 'repos', 'events', 'received_events'];
  return {
    login,
    id,
    node_id: 'MDQ6VXNlcjIxMDMxMDY3',
    avatar_url: `https://avatars.githubusercontent.com/u/${id}?v=4`,
    gravatar_id: '',
    url: api,
    html_url: `https://github.com/${login}`,
    ...Object.fromEntries(parts.map((part) => [`${part}_url`, `${api}/${part}`])),
    type,
    site_admin: false,
  };
}

function commit({ owner, name }: { readonly owner: string; readonly name: string }, number: number) {
  const id = sha();
  const ana = { name: 'Ana', email: 'ana@example.com', username: 'ana' };
  return {
    id,
    tree_id: sha(),
    distinct: true,
    message: `Raise the MTU of the uplinks at site ${number}\n\nThe provider allows jumbo frames since last week.`,
    timestamp: '2026-11-01T16:20:41+01:00',
    url: `https://github.com/${owner}/${name}/commit/${id}`,
    author: ana,
    committer: ana,
    added: [],
    removed: [],
    modified: [`config_contexts/locations/site-${number}.yaml`, `config_contexts/devices/rtr-${number}.json`],
  };
}

function sha(): string {
  return (randomUUID() + randomUUID()).replaceAll('-', '').slice(0, 40);
}
