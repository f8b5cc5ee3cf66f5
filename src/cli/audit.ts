/** `goldenhour audit`: proves that the audit is whole, and searches it. */
import { once } from 'node:events'
import { type Command, InvalidArgumentError } from 'commander'
import { type ExpectedEntry, listAudit, type StoredEntry, verifyAudit } from '../store/audit/audit-chain.ts'
import { parseSince } from './since.ts'
import { withDatabase } from './with-database.ts'

interface ListOptions {
  readonly since?: Date
  readonly actor?: string
  readonly action?: string
  readonly json?: true
}

export function defineAudit(audit: Command): void {
  audit
    .command('verify')
    .description(
      'compute the chain anew from its first entry; print its end as SEQ:HASH, or what is wrong and exit with 1',
    )
    .option('--expect <seq:hash>', 'an end that was printed before: the chain must still have it', parseExpected)
    .action(async ({ expect }: { expect?: ExpectedEntry }) => {
      const verified = await withDatabase(database => verifyAudit(database, expect ?? null))
      if (!verified.ok) throw new Error(`The audit is not whole (${verified.fault}): ${verified.message}.`)
      console.log(`${verified.head.seq}:${verified.head.hash}`)
    })

  audit
    .command('list')
    .description('list entries, oldest first: seq, time, actor, action, outcome, region, subject, address, details')
    .option(
      '--since <time>',
      'those since then: 2026-01-31, 2026-01-31T08:00:00Z, or 15m, 12h, 7d back from now',
      parseSince,
    )
    .option('--actor <who>', 'those of one principal')
    .option('--action <action>', 'those of one kind, such as sign-in or refusal')
    .option('--json', 'one JSON object a line')
    .action(async ({ json, ...filter }: ListOptions) => {
      await withDatabase(async database => {
        for await (const page of listAudit(database, filter)) {
          const lines = page.map(json ? entry => JSON.stringify(entry) : tabbed)
          if (!process.stdout.write(`${lines.join('\n')}\n`)) await once(process.stdout, 'drain')
        }
      })
    })
}

function tabbed({ details, ...rest }: StoredEntry): string {
  const { seq, at, actor, action, outcome, region, subject, address } = rest
  const cells = [
    seq,
    at,
    actor,
    action,
    outcome,
    region ?? '-',
    subject ?? '-',
    address ?? '-',
    JSON.stringify(details),
  ]
  // A name that a stranger claimed must not act on the terminal, nor look like another cell.
  return cells.map(cell => String(cell).replaceAll(/\p{Cc}/gu, '\u{FFFD}')).join('\t')
}

function parseExpected(value: string): ExpectedEntry {
  const [, seq, hash] = /^(\d{1,15}):([0-9a-f]{64})$/.exec(value) ?? []
  if (seq === undefined) throw new InvalidArgumentError('Give SEQ:HASH as an earlier verify printed it.')
  return { seq: Number(seq), hash: hash! }
}
