import type { Forge } from '#test/forge/forge.ts';
import { fullNameOf, type Repository } from '#test/forge/repositories.ts';
import { fire } from './deliveries.ts';
import { accountShape, hookRepository } from './shapes.ts';

/** Tells hooks of another name, or of another workspace. */
export function announceRename(forge: Forge, old: Repository, changed: Repository): void {
  const moved = old.owner.id !== changed.owner.id;
  const changes = {
    name: { old: old.name, new: changed.name },
    full_name: { old: fullNameOf(old), new: fullNameOf(changed) },
  };
  const about = { actor: accountShape(changed.owner), repository: hookRepository(forge.url, changed) };
  const payload = moved ? { ...about, previous_workspace: { slug: old.owner.login } } : { ...about, changes };
  fire(forge, changed, { event: moved ? 'repo:transfer' : 'repo:updated', payload });
}
