import { expect, test } from 'vitest';
import { JOBS } from '#queue/jobs.ts';
import type { Taker } from '#queue/watch-takers.ts';
import { findStill } from '#queue/watch-takers.ts';

const NOW = 1_800_000_000_000;
const STUCK_AFTER_MS = 60_000;
const LONG_AGO = NOW - 10 * STUCK_AFTER_MS;
const STILL: Taker = {
  name: 'send-report',
  count: 0,
  createdOn: LONG_AGO,
  lastFetchedOn: LONG_AGO,
  lastJobStartedOn: null,
  lastJobEndedOn: null,
};

const find = (...takers: readonly Taker[]) => findStill(takers, NOW, STUCK_AFTER_MS);

test('takers that have not been answered for a minute stand still', () => {
  expect(find(STILL, STILL)).toEqual(['send-report']);
  expect(find({ ...STILL, lastFetchedOn: null })).toEqual(['send-report']);
});

test('one that was answered is enough, as is one that has just begun', () => {
  expect(find(STILL, { ...STILL, lastFetchedOn: NOW - 1_000 })).toEqual([]);
  expect(find({ ...STILL, createdOn: NOW - 1_000, lastFetchedOn: null })).toEqual([]);
});

test('one that works is alive for as long as its job may take', () => {
  const longest = JOBS['send-report'].expireSeconds * 1_000;

  expect(find({ ...STILL, count: 1, lastJobStartedOn: NOW - longest })).toEqual([]);
  expect(find({ ...STILL, count: 1, lastJobStartedOn: NOW - longest - STUCK_AFTER_MS - 1 })).toEqual(['send-report']);
});

test('each kind is looked at for itself', () => {
  expect(find(STILL, { ...STILL, name: 'sync-repository', lastFetchedOn: NOW })).toEqual(['send-report']);
  expect(find()).toEqual([]);
});
