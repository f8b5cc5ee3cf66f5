/** `goldenhour token`: signs an access token with this deployment's key, and tells the audit. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { loadOrCreateSigningKey } from '../access/tables/key-table.ts'
import { signToken } from '../access/tokens.ts'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import { ROLES, type Role } from '../domain/roles.ts'
import type { Database } from '../store/postgres/database.ts'
import { ReferenceStore } from '../store/reference/reference-store.ts'
import { auditedByCommandLine } from './audited.ts'
import { withDatabase } from './with-database.ts'

interface TokenOptions {
  readonly role: Role
  readonly region: string[]
  readonly unit?: string
  readonly subject?: string
  readonly ttl: number
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const
const TTL_MAX_D = 30
/** No user, device or subject of another issuer has such a name, so nobody can be taken for one of them. */
const OF_THE_COMMAND_LINE = 'cli:'

export function defineToken(token: Command): void {
  token
    .addOption(new Option('--role <role>', 'what the bearer may do').choices(ROLES).makeOptionMandatory())
    .requiredOption('--region <region>', 'a region that the token is good for; repeat for more', collectRegions)
    .option('--unit <unit>', 'the unit that a driver speaks for; for drivers, and only for them', parseUnit)
    .option('--subject <who>', 'the person or program it is for (default: the unit, else the role)', parseSubject)
    .addOption(
      new Option('--ttl <time>', `how long it is valid: a number and s, m, h or d, at most ${TTL_MAX_D}d`)
        .argParser(parseTtl)
        .default(parseTtl('12h'), '12h'),
    )
    .action(async (options: TokenOptions, command: Command) => {
      if ((options.role === 'driver') !== (options.unit !== undefined)) {
        command.error('error: --unit is needed for the role driver, and for no other')
      }
      console.log(await withDatabase(database => signAudited(database, options)))
    })
}

/** The audit has the token before it is printed. Errors: Error for a region or unit that does not exist. */
export async function signAudited(database: Database, options: TokenOptions): Promise<string> {
  const { role, region: regions, unit = null, ttl: ttlS } = options
  await requireReach(new ReferenceStore(database), regions, unit)
  const sub = `${OF_THE_COMMAND_LINE}${options.subject ?? unit ?? role}`
  const token = await signToken(await loadOrCreateSigningKey(database), { sub, role, regions, unit, ttlS })
  await database.transaction().execute(transaction =>
    auditedByCommandLine(database)(transaction, {
      action: 'token-signed',
      region: regions.length === 1 ? regions[0]! : null,
      subject: sub,
      details: { role, regions, unit, ttlS },
    }),
  )
  return token
}

async function requireReach(reference: ReferenceStore, regions: readonly string[], unit: string | null): Promise<void> {
  const existing = new Set((await reference.listRegions()).map(({ region }) => region))
  const unknown = regions.filter(region => !existing.has(region))
  if (unknown.length > 0) {
    throw new Error(`The region ${unknown.join(', ')} does not exist; list the regions with goldenhour region list.`)
  }
  if (unit === null) return
  const units = (await Promise.all(regions.map(region => reference.listUnits(region)))).flat()
  if (!units.some(({ unitId }) => unitId === unit)) {
    throw new Error(`Unit ${unit} does not exist in ${regions.join(', ')}; check its id, and whether it was imported.`)
  }
}

function collectRegions(value: string, previous: string[] = []): string[] {
  if (!REGION_ID.test(value)) throw new InvalidArgumentError('A region is 1 to 16 characters of a-z 0-9.')
  return previous.includes(value) ? previous : [...previous, value]
}

function parseUnit(value: string): string {
  if (!UNIT_ID.test(value)) throw new InvalidArgumentError('A unit is 1 to 32 characters of A-Z a-z 0-9 . _ -')
  return value
}

function parseSubject(value: string): string {
  if (/^[^\p{Cc}\p{Cs}]{1,120}$/u.test(value)) return value
  throw new InvalidArgumentError('A subject is 1 to 120 characters without control characters.')
}

/** `30s`, `15m`, `12h` or `7d`, in seconds. A token that is good for longer would be a key that nobody rotates. */
function parseTtl(value: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(value) ?? []
  if (count === undefined) throw new InvalidArgumentError('Write a number and a unit: 30s, 15m, 12h or 7d.')
  const ttlS = Number(count) * SECONDS[unit as keyof typeof SECONDS]
  if (ttlS <= TTL_MAX_D * SECONDS.d) return ttlS
  throw new InvalidArgumentError(`At most ${TTL_MAX_D}d; a program that connects for longer is a device.`)
}
