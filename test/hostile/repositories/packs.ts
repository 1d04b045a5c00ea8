import { deflateSync } from 'node:zlib';
import type { GitObject, ObjectStore } from '#test/hostile/objects.ts';
import { commitFiles, createObjects, packEntry, packHeader, packObjects, packOf } from '#test/hostile/objects.ts';
import type { HostileRepository, Served } from '#test/hostile/served.ts';
import { serve } from '#test/hostile/served.ts';

const GOOD = 'config_contexts/good.json';
const FILES = { [GOOD]: '{"_metadata": {"name": "good"}, "a": 1}' };
const BROKEN = { code: ['REMOTE_CORRUPT', 'CONNECTION_FAILED', 'PROVIDER_FAILED', 'TOO_LARGE'] } as const;

function spoilt(change: (pack: Buffer, store: ObjectStore) => Buffer): () => Served {
  return () => {
    const store = createObjects();
    const head = commitFiles(store, FILES);
    return serve(store, head, { pack: change(packObjects(store), store) });
  };
}

/** The usual objects with one more entry that is not what it says. */
function withEntry(entry: (offset: number) => Buffer): () => Served {
  return spoilt((pack, { objects }) => {
    const entries = objects.map(packEntry);
    return packOf([...entries, entry(pack.length - 20)]);
  });
}

function flip(pack: Buffer, at: number): Buffer {
  const copy = Buffer.from(pack);
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

/** Offset of a base, back from the delta, as ofs-delta writes it. */
function backTo(distance: number): Buffer {
  const bytes = [distance & 127];
  for (let rest = distance >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (--rest & 127));
  return Buffer.from(bytes);
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  do {
    bytes.push(Number(rest & 127n) | (rest > 127n ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
}

/** A delta that appends to a base of `baseSize` bytes by copying it. */
function copyDelta(baseSize: number, resultSize: bigint): Buffer {
  return Buffer.concat([varint(BigInt(baseSize)), varint(resultSize), Buffer.from([0x90, baseSize])]);
}

function offsetDelta(distance: number, delta: Buffer): Buffer {
  return Buffer.concat([packHeader('ofs-delta', delta.length), backTo(distance), deflateSync(delta)]);
}

/** Every entry is a delta of the one before it: another first byte each time. */
function deltaChain(length: number): () => Served {
  return spoilt((_pack, { objects }) => {
    const size = 40;
    const base: Pick<GitObject, 'type' | 'data'> = { type: 'blob', data: Buffer.alloc(size, 'a') };
    const entries = [...objects.map(packEntry), packEntry(base)];
    for (let at = 0; at < length; at++) {
      const number = Buffer.from(String(at).padStart(8, '0'));
      // Insert eight bytes, then copy all behind the first eight of the base.
      const delta = Buffer.concat([
        varint(BigInt(size)),
        varint(BigInt(size)),
        Buffer.from([number.length]),
        number,
        Buffer.from([0x91, 8, size - 8]),
      ]);
      entries.push(offsetDelta(entries.at(-1)?.length ?? 0, delta));
    }
    return packOf(entries);
  });
}

const GIT_17 = ['GIT-17'];

export const PACKS: readonly HostileRepository[] = [
  { name: 'a pack that is cut off', cases: GIT_17, make: spoilt((pack) => pack.subarray(0, pack.length - 30)), expect: BROKEN },
  { name: 'a pack that is cut off in its header', cases: GIT_17, make: spoilt((pack) => pack.subarray(0, 6)), expect: BROKEN },
  { name: 'a pack with a wrong checksum', cases: GIT_17, make: spoilt((pack) => flip(pack, pack.length - 1)), expect: BROKEN },
  { name: 'a pack with a byte changed in an object', cases: GIT_17, make: spoilt((pack) => flip(pack, 20)), expect: BROKEN },
  {
    name: 'a pack with more objects than it has',
    cases: GIT_17,
    make: spoilt((_pack, { objects }) => packOf(objects.map(packEntry), { count: 1_000 })),
    expect: BROKEN,
  },
  {
    name: 'a pack that claims two billion objects',
    cases: GIT_17,
    make: spoilt((_pack, { objects }) => packOf(objects.map(packEntry), { count: 2_147_483_647 })),
    expect: BROKEN,
  },
  {
    name: 'a pack with fewer objects than it has',
    cases: GIT_17,
    make: spoilt((_pack, { objects }) => packOf(objects.map(packEntry), { count: 1 })),
    expect: BROKEN,
  },
  {
    name: 'a pack of a version that is not there',
    cases: GIT_17,
    make: spoilt((_pack, { objects }) => packOf(objects.map(packEntry), { version: 9 })),
    expect: BROKEN,
  },
  { name: 'a pack without objects', cases: GIT_17, make: spoilt(() => packOf([])), expect: BROKEN },
  { name: 'something that is no pack', cases: GIT_17, make: spoilt(() => Buffer.from('hello, this is no pack at all')), expect: BROKEN },
  {
    name: 'an object with more behind it',
    cases: GIT_17,
    make: spoilt((pack) => Buffer.concat([pack, Buffer.from('more')])),
    expect: BROKEN,
  },
  {
    name: 'an object that is smaller than it says',
    cases: GIT_17,
    make: withEntry(() => Buffer.concat([packHeader('blob', 1_000), deflateSync('short')])),
    expect: BROKEN,
  },
  {
    name: 'an object that is larger than it says',
    cases: GIT_17,
    make: withEntry(() => Buffer.concat([packHeader('blob', 3), deflateSync('longer than that')])),
    expect: BROKEN,
  },
  {
    name: 'an object of 2^60 bytes, by its header',
    cases: GIT_17,
    make: withEntry(() => Buffer.concat([packHeader('blob', 2n ** 60n), deflateSync('x')])),
    expect: { code: [...BROKEN.code] },
  },
  {
    name: 'an object that cannot be unpacked',
    cases: GIT_17,
    make: withEntry(() => Buffer.concat([packHeader('blob', 5), Buffer.from('not zlib')])),
    expect: BROKEN,
  },
  { name: 'a delta of itself', cases: GIT_17, make: withEntry(() => offsetDelta(0, copyDelta(1, 1n))), expect: BROKEN },
  {
    name: 'a delta of what lies before the pack',
    cases: GIT_17,
    make: withEntry((offset) => offsetDelta(offset + 1_000, copyDelta(1, 1n))),
    expect: BROKEN,
  },
  { name: 'a delta of what is no object', cases: GIT_17, make: withEntry(() => offsetDelta(3, copyDelta(1, 1n))), expect: BROKEN },
  {
    name: 'a delta whose base was not sent',
    cases: GIT_17,
    make: withEntry(() => Buffer.concat([packHeader('ref-delta', 4), Buffer.alloc(20, 1), deflateSync(copyDelta(1, 1n))])),
    expect: BROKEN,
  },
  {
    name: 'a delta that claims a terabyte',
    cases: GIT_17,
    make: withEntry(() =>
      Buffer.concat([packHeader('ref-delta', 10), Buffer.from(createObjects().blob('x'), 'hex'), deflateSync(copyDelta(1, 2n ** 40n))]),
    ),
    expect: BROKEN,
  },
  { name: 'a chain of a thousand deltas', cases: GIT_17, make: deltaChain(1_000), expect: { files: [GOOD] } },
  { name: 'a chain of fifty thousand deltas', cases: GIT_17, make: deltaChain(50_000), expect: { files: [GOOD] }, isHeavy: true },
  {
    name: 'the same object many times',
    cases: GIT_17,
    make: spoilt((_pack, { objects }) => packOf(objects.flatMap((object) => Array.from({ length: 500 }, () => packEntry(object))))),
    expect: BROKEN,
  },
];
