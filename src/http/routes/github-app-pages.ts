import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CALLBACK_PATH, SETUP_PATH, endSetup, openSetup } from '#apps/setup/setup.ts';
import { isFailure } from '#domain/failure.ts';
import type { HttpDeps } from '#http/deps.ts';
import { escape, page } from './page.ts';

const HIDDEN = { schema: { hide: true } } as const;
const SECRET = /^[\w-]{1,200}$/;
const CODE = /^[\w.-]{1,200}$/;

/**
 * The two pages of GitHub's manifest flow: the form that goes to GitHub, and where GitHub sends the browser back. Neither knows who is
 * there: an owner was given the address of the first one over the API, the browser that opened it first holds a cookie, and the second
 * wants both that and the state, each once. So no other site, and nobody who sees one of them, can begin or end it for somebody else.
 */
export function registerGithubAppPages(scope: FastifyInstance, deps: HttpDeps): void {
  const cookie = cookieOf(deps.links.root);

  scope.get<{ Params: { ticket: string } }>(`${SETUP_PATH}:ticket`, HIDDEN, async (request, reply) => {
    const { ticket } = request.params;
    const opened = SECRET.test(ticket) ? await openSetup(deps.apps, ticket, cookie.read(request)) : undefined;
    if (opened === undefined) return sendPage(reply.code(404), 'Not here', OVER);
    const { action, field, value } = opened.registration;
    return sendPage(
      reply.header('set-cookie', cookie.write(opened.browser)).header('content-security-policy', policyFor(action)),
      'Register a GitHub App',
      `<p>GitHub will show what the App asks for, and make it when you confirm. Then you come back here.</p>
<form method="post" action="${escape(action)}"><input type="hidden" name="${escape(field)}" value="${escape(value)}"><button>Go on at ${escape(new URL(action).host)}</button></form>`,
    );
  });

  scope.get<{ Querystring: { code?: unknown; state?: unknown } }>(CALLBACK_PATH, HIDDEN, async (request, reply) => {
    const { code, state } = request.query;
    const browser = cookie.read(request);
    if (!isText(code, CODE) || !isText(state, SECRET) || browser === undefined) return sendPage(reply.code(400), 'Not taken over', OVER);
    try {
      const ended = await endSetup(deps.apps, { code, state, browser });
      if (ended === undefined) return await sendPage(reply.code(400), 'Not taken over', OVER);
      return await sendPage(
        reply.header('set-cookie', cookie.write('')),
        `${ended.name} is registered`,
        `<p>Its key is stored, sealed. Now <a href="${escape(ended.installUrl)}">install it</a> on the account whose repositories it is to reach.</p>`,
      );
    } catch (error) {
      if (!isFailure(error)) throw error;
      request.log.info({ err: error.cause ?? error, code: error.code }, 'a GitHub App was not taken over');
      const said = `<p>${escape(deps.redact(error.message))} ${escape(deps.redact(error.help))}</p>`;
      return sendPage(reply.code(502), 'Not taken over', `${said}${OVER}`);
    }
  });
}

const OVER =
  '<p>This registration is over, was begun in another browser, or never was. Begin again: <code>POST /api/organizations/{org}/github-apps/setup/</code>.</p>';

function sendPage(reply: FastifyReply, title: string, body: string): FastifyReply {
  // The address is as good as a key for an hour.
  return reply.header('cache-control', 'no-store').header('referrer-policy', 'no-referrer').type('text/html').send(page(title, body));
}

/** The form goes to one other place, and nothing else is let in: not even our own scripts. */
function policyFor(action: string): string {
  const { origin } = new URL(action);
  return `default-src 'none'; form-action 'self' ${origin}; base-uri 'none'; frame-ancestors 'none'`;
}

function isText(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

const LIVES_S = 3_600;

/** Lax: it is sent when GitHub leads the browser back, and with no request that another site makes on its own. */
function cookieOf(root: string) {
  const secure = root.startsWith('https:');
  const name = secure ? '__Host-tributary-app-setup' : 'tributary-app-setup';
  const attributes = `Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return {
    write: (value: string): string => `${name}=${value}; ${attributes}; Max-Age=${value === '' ? 0 : LIVES_S}`,
    read: ({ headers }: FastifyRequest): string | undefined => {
      const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
      const value = pairs.find(([key]) => key === name)?.[1] ?? '';
      return SECRET.test(value) ? value : undefined;
    },
  };
}
