import type { IncomingHttpHeaders } from 'node:http';
import type { Answer } from '#test/forge/http/exchange.ts';
import { parameterError } from './errors.ts';

export type Input = Readonly<Record<string, unknown>>;

/** The parameters of a request: GitLab takes them from the query, a form or a JSON object alike. */
export function readInput(url: URL, headers: IncomingHttpHeaders, raw: Buffer): { readonly input: Input } | { readonly refusal: Answer } {
  const query = Object.fromEntries(url.searchParams);
  if (raw.length === 0) return { input: query };
  const type = (headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === 'application/x-www-form-urlencoded')
    return { input: { ...query, ...Object.fromEntries(new URLSearchParams(raw.toString())) } };
  if (type !== 'application/json') return { refusal: parameterError(`The provided content-type '${type}' is not supported.`, 415) };
  const body = parseObject(raw);
  return body === undefined ? { refusal: parameterError('message body does not match declared format') } : { input: { ...query, ...body } };
}

export function textOf(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

export function flagOf(input: Input, name: string): boolean | undefined {
  const text = textOf(input, name);
  return text === undefined ? undefined : ['true', '1', 'yes', 'on', 't'].includes(text.toLowerCase());
}

/** Undefined when absent, NaN when it is no whole number. */
export function wholeOf(input: Input, name: string): number | undefined {
  const text = textOf(input, name);
  return text === undefined ? undefined : /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** In code points, as the provider counts. */
export function lengthOf(text: string): number {
  return Array.from(text).length;
}

export function isObject(value: unknown): value is Input {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(raw: Buffer): Input | undefined {
  try {
    const value: unknown = JSON.parse(raw.toString());
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
