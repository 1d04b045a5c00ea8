import { resolve } from 'node:path';
import { z } from 'zod';
import type { Retention } from './config.ts';

/** A whole number within bounds; the fallback where it is unset or empty. */
export const wholeNumber = (from: number, to: number, fallback: number) =>
  z.preprocess((value) => (value === undefined || value === '' ? fallback : Number(value)), z.int().min(from).max(to));

const days = z.coerce.number().pipe(z.int().min(1).max(3_650));
/** One number for everything, or one each for deliveries, logs and old versions. */
export const retention = z
  .preprocess(
    (text) => (typeof text === 'string' ? text : '30,30,90').split(','),
    z.union([z.tuple([days]), z.tuple([days, days, days])], { error: 'must be a number of days, or three: deliveries,logs,versions' }),
  )
  .transform(([deliveriesDays, logsDays = deliveriesDays, versionsDays = deliveriesDays]): Retention => ({
    deliveriesDays,
    logsDays,
    versionsDays,
  }));
/** `name=value,…` with percent-encoded values, as the OpenTelemetry specification has it. */
export const headerList = z
  .string()
  .default('')
  .transform((text, context) => {
    const pairs = text
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map((pair) => pair.split(/=(.*)/s));
    try {
      return Object.fromEntries(
        pairs.map(([name = '', value = '']) => [
          z
            .string()
            .regex(/^[\w-]+$/)
            .parse(name.trim()),
          decodeURIComponent(value.trim()),
        ]),
      );
    } catch {
      context.addIssue({ code: 'custom', message: 'must be name=value pairs separated by commas' });
      return z.NEVER;
    }
  });

/** What the system shows of processes and devices is nobody's token. */
export const tokenFiles = z
  .string()
  .transform((path) => resolve(path))
  .refine((path) => !/^\/(?:proc|sys|dev)?(?:\/|$)/.test(path), { error: 'must be a folder of its own, not /, /proc, /sys or /dev' })
  .optional();

/** Webhook addresses and links are this and a path; what else an address may hold would be shown to everybody who sees one. */
export const publicUrl = z.url({ protocol: /^https?$/, error: 'is not an http or https URL', abort: true }).refine(
  (text) => {
    const { username, password, search, hash } = new URL(text);
    return `${username}${password}${search}${hash}` === '';
  },
  { error: 'may hold a path, but no user name, password, query or fragment' },
);
