import type { NotificationPayload } from './events.ts';

/** A notification as a message for people. */
export function toMessage({ data }: NotificationPayload, publicUrl: string): { readonly subject: string; readonly text: string } {
  const { summary, help, token, repositories = [], repositories_count: count = repositories.length } = data;
  const more = count - repositories.length;
  const lines = [
    summary,
    ...(help === null ? [] : ['', help]),
    ...(repositories.length === 0
      ? []
      : [
          '',
          'Repositories that it is about:',
          ...repositories.map(({ name }) => `- ${plain(name)}`),
          ...(more > 0 ? [`and ${more} more`] : []),
        ]),
    ...(token === undefined
      ? []
      : [
          '',
          `Token: ${plain(token.name)} (${token.provider})`,
          `${publicUrl}/api/organizations/${data.organization}/git-tokens/${token.id}/`,
        ]),
    '',
    `Sent by Tributary at ${publicUrl} for organization ${data.organization}.`,
  ];
  return { subject: `[Tributary] ${plain(summary)}`, text: lines.join('\n') };
}

/** Names are people's own; no line break of theirs makes a header or a line of ours. */
function plain(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}
