import { access, constants } from 'node:fs/promises';
import type { Config } from '#config.ts';
import type { Check } from '#domain/check.ts';
import { fail, pass, warn } from '#domain/check.ts';

/** Whether the places that tokens may be kept in are there: a token that names one fails only when it is used. */
export async function checkTokenSources({
  tokenVariables,
  tokenFiles,
}: Pick<Config, 'tokenVariables' | 'tokenFiles'>): Promise<readonly Check[]> {
  const name = 'token-sources';
  const unset = tokenVariables.filter(({ value }) => value === undefined).map((variable) => variable.name);
  const checks = [
    ...(unset.length > 0
      ? [warn(name, `TRIBUTARY_TOKEN_VARIABLES lists ${unset.join(', ')}, not set here.`, 'Set it, or take it out of the list.')]
      : []),
    ...(tokenFiles === undefined || (await isReadable(tokenFiles))
      ? []
      : [
          fail(
            name,
            `${tokenFiles} of TRIBUTARY_TOKEN_FILES is no folder that this user can read.`,
            'Make it, or give it to the user who runs the service.',
          ),
        ]),
  ];
  if (checks.length > 0) return checks;
  if (tokenFiles === undefined && tokenVariables.length === 0) return [pass(name, 'Tokens are kept sealed in the database only.')];
  const files = tokenFiles === undefined ? '' : `, and in files of ${tokenFiles}`;
  return [pass(name, `Tokens may be kept in ${tokenVariables.length} listed variables${files}.`)];
}

async function isReadable(folder: string): Promise<boolean> {
  return access(`${folder}/`, constants.R_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
