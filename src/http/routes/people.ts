import { findUser } from '#people/store.ts';
import type { Auth } from '#http/auth.ts';
import type { HttpDeps } from '#http/deps.ts';
import type { Api } from './shared.ts';
import { idParams, requireFound, requireId } from './shared.ts';

/** Who the `user` of a run is: the address that runs name. */
export function registerPeople(api: Api, deps: HttpDeps, auth: Auth): void {
  api.get(
    '/users/users/:id',
    { config: { action: 'user:view' }, schema: { tags: ['users'], params: idParams, summary: 'Read a user of the organization' } },
    async (request) => {
      const actor = auth.actorOf(request);
      const user = requireFound(await findUser(deps.database, actor.organizationId, requireId(request.params.id, 'user')), 'user');
      return {
        id: user.id,
        object_type: 'users.user',
        display: user.display_name,
        url: deps.links.user(user.id),
        username: user.email,
        name: user.display_name,
      };
    },
  );
}
