import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface DnsQuestion {
  /** In lower case, without the last dot. */
  readonly name: string;
  readonly kind: 'A' | 'AAAA';
  /** How often this name and kind were asked for before. */
  readonly before: number;
}

/** Records in the order given, a CNAME first; or an error; or silence. */
export type DnsAnswer =
  | { readonly addresses: readonly string[]; readonly cname?: string | undefined; readonly ttl?: number }
  | { readonly error: 'NXDOMAIN' | 'SERVFAIL' | 'REFUSED' }
  | 'silence';

export interface StubDns {
  /** In the form of TRIBUTARY_DNS_SERVERS. */
  readonly server: string;
  readonly questions: readonly DnsQuestion[];
  close(): Promise<void>;
}

const KINDS = { A: 1, CNAME: 5, AAAA: 28 } as const;
const CODES = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const;
const HEADER_BYTES = 12;

/** A DNS server (RFC 1035) on loopback whose every answer the test decides. What is not A or AAAA is refused. */
export async function startStubDns(answer: (question: DnsQuestion) => DnsAnswer): Promise<StubDns> {
  const questions: DnsQuestion[] = [];
  const counts = new Map<string, number>();
  const socket = createSocket('udp4');
  socket.on('message', (message, { port, address }) => {
    const { name, kind, question } = readQuestion(message);
    const before = counts.get(`${name} ${kind}`) ?? 0;
    counts.set(`${name} ${kind}`, before + 1);
    const asked: DnsQuestion = { name, kind: kind === KINDS.A ? 'A' : 'AAAA', before };
    questions.push(asked);
    const said = kind === KINDS.A || kind === KINDS.AAAA ? answer(asked) : { error: 'REFUSED' as const };
    if (said !== 'silence') socket.send(writeAnswer(message.readUInt16BE(0), question, said), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    server: `127.0.0.1:${socket.address().port}`,
    questions,
    close: async () => {
      socket.close();
      await once(socket, 'close');
    },
  };
}

function readQuestion(message: Buffer): { readonly name: string; readonly kind: number; readonly question: Buffer } {
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (let length = message[at] ?? 0; length > 0; length = message[at] ?? 0) {
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  return { name: labels.join('.').toLowerCase(), kind: message.readUInt16BE(at + 1), question: message.subarray(HEADER_BYTES, at + 5) };
}

function writeAnswer(id: number, question: Buffer, said: Exclude<DnsAnswer, 'silence'>): Buffer {
  const records = 'error' in said ? [] : toRecords(said);
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  // An answer, recursion wished and available.
  header.writeUInt16BE(0x81_80 | ('error' in said ? CODES[said.error] : 0), 2);
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(records.length, 6);
  return Buffer.concat([header, question, ...records]);
}

function toRecords({ addresses, cname, ttl = 0 }: Extract<DnsAnswer, { readonly addresses: readonly string[] }>): readonly Buffer[] {
  // The name of the question stands right behind the header; a pointer to it saves writing it again.
  const asked = Buffer.from([0xc0, HEADER_BYTES]);
  const owner = cname === undefined ? asked : writeName(cname);
  return [
    ...(cname === undefined ? [] : [toRecord(asked, KINDS.CNAME, ttl, writeName(cname))]),
    ...addresses.map((address) =>
      address.includes(':')
        ? toRecord(owner, KINDS.AAAA, ttl, ipv6Bytes(address))
        : toRecord(owner, KINDS.A, ttl, Buffer.from(address.split('.').map(Number))),
    ),
  ];
}

function toRecord(owner: Buffer, kind: number, ttl: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10);
  fixed.writeUInt16BE(kind, 0);
  fixed.writeUInt16BE(1, 2);
  fixed.writeUInt32BE(ttl, 4);
  fixed.writeUInt16BE(data.length, 8);
  return Buffer.concat([owner, fixed, data]);
}

function writeName(name: string): Buffer {
  return Buffer.concat([
    ...name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
    Buffer.alloc(1),
  ]);
}

/** Groups of hex with at most one `::`; that is all that tests write. */
function ipv6Bytes(address: string): Buffer {
  const [head = '', tail = ''] = address.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const groups = address.includes('::') ? [...left, ...Array.from({ length: 8 - left.length - right.length }, () => '0'), ...right] : left;
  const bytes = Buffer.alloc(16);
  groups.forEach((group, index) => bytes.writeUInt16BE(Number.parseInt(group, 16), index * 2));
  return bytes;
}
