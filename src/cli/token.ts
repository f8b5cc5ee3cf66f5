/** `goldenhour token`: signs an access token with this deployment's key. */
import { type Command, InvalidArgumentError, Option } from 'commander'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import { ROLES, type Role } from '../domain/roles.ts'
import { signToken } from '../gateway/auth/tokens.ts'
import { loadOrCreateSigningKey } from '../store/keys.ts'
import { withDatabase } from './with-database.ts'

interface TokenOptions {
  readonly role: Role
  readonly region: string[]
  readonly unit?: string
  readonly subject?: string
  readonly ttl: number
}

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

export function addTokenCommand(program: Command): void {
  program
    .command('token')
    .description('sign an access token and print it')
    .addOption(new Option('--role <role>', 'what the bearer may do').choices(ROLES).makeOptionMandatory())
    .requiredOption('--region <region>', 'a region that the token is good for; repeat for more', collectRegions)
    .option('--unit <unit>', 'the unit that a driver speaks for; for drivers, and only for them', parseUnit)
    .option('--subject <who>', 'the person or program it is for (default: the unit, else the role)', parseSubject)
    .addOption(
      new Option('--ttl <time>', 'how long it is valid: a number and s, m, h or d')
        .argParser(parseTtl)
        .default(parseTtl('12h'), '12h'),
    )
    .action(async (options: TokenOptions, command: Command) => {
      if ((options.role === 'driver') !== (options.unit !== undefined)) {
        command.error('error: --unit is needed for the role driver, and for no other')
      }
      const key = await withDatabase(loadOrCreateSigningKey)
      const token = await signToken(key, {
        sub: options.subject ?? options.unit ?? options.role,
        role: options.role,
        regions: options.region,
        unit: options.unit ?? null,
        ttlS: options.ttl,
      })
      console.log(token)
    })
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
  if (/^[^\p{Cc}\p{Cs}]{1,128}$/u.test(value) && value !== 'system') return value
  throw new InvalidArgumentError('A subject is 1 to 128 characters without control characters, and not "system".')
}

/** `30s`, `15m`, `12h` or `7d`, in seconds. */
function parseTtl(value: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(value) ?? []
  if (count === undefined) throw new InvalidArgumentError('Write a number and a unit: 30s, 15m, 12h or 7d.')
  return Number(count) * SECONDS[unit as keyof typeof SECONDS]
}
