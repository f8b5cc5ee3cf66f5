/** `goldenhour user`: the people who sign in with a password; a running engine heeds a change within a second. */

import { text } from 'node:stream/consumers'
import { type Command, InvalidArgumentError, Option } from 'commander'
import { Accounts } from '../access/accounts.ts'
import { madeUpPassword, PasswordHasher } from '../access/passwords.ts'
import { RevocationStore } from '../access/tables/revocation-table.ts'
import {
  USER_NAME,
  USER_ROLES,
  type User,
  type UserChanges,
  type UserRole,
  UserStore,
} from '../access/tables/user-table.ts'
import { readConfig } from '../config/index.ts'
import { REGION_ID, UNIT_ID } from '../domain/ids.ts'
import type { Database } from '../store/postgres/database.ts'
import { auditedByCommandLine } from './audited.ts'
import { orThrow } from './refused.ts'
import { warnOfUnknownUnits } from './unknown-units.ts'
import { withDatabase } from './with-database.ts'

interface AddOptions {
  readonly role: UserRole
  readonly region: readonly string[]
  readonly unit?: readonly string[]
  readonly allUnits?: boolean
  readonly passwordStdin?: boolean
}

export function defineUser(user: Command): void {
  const named = (command: string, description: string) =>
    user.command(command).description(description).argument('<name>', 'the name to sign in with', parseName)

  named('add', 'add a user; without --password-stdin a password is made up and printed')
    .addOption(new Option('--role <role>', 'what the user may do').choices(USER_ROLES).makeOptionMandatory())
    .option('--region <region>', 'a region to act in; repeat for more; none is needed for an admin', collectRegions, [])
    .option('--unit <unit>', 'a unit that a driver may sign in for; repeat for more', collectUnits)
    .option('--all-units', 'let a driver sign in for any unit of the regions, and read the patient of any')
    .option('--password-stdin', 'take the password from standard input')
    .action(async (name: string, options: AddOptions, command: Command) => {
      const { role, region, unit, allUnits, passwordStdin } = options
      if (role === 'driver' && (unit === undefined) !== (allUnits === true)) {
        command.error('error: a driver needs either --unit, once for each unit, or --all-units')
      }
      if (role !== 'driver' && (unit !== undefined || allUnits === true)) {
        command.error(`error: --unit and --all-units are for the role driver, not for ${role}`)
      }
      if (role !== 'admin' && region.length === 0) {
        command.error(`error: a ${role} needs --region, once for each region; list them with goldenhour region list`)
      }
      const given = passwordStdin === true ? await readPassword() : null
      const password = given ?? madeUpPassword()
      await withDatabase(async database => {
        const accounts = accountsOf(database)
        const passwordHash = orThrow(await accounts.passwordHash(password, name))
        const added = { name, role, regions: region, units: unit ?? null, passwordHash }
        const audit = auditedByCommandLine(database)
        await database.transaction().execute(async on => orThrow(await accounts.add(on, added, audit)))
        await warnOfUnknownUnits(database, region, unit ?? [])
      })
      console.log(`Added the user ${name}.`)
      if (given === null) console.log(`Password: ${password}`)
    })

  user
    .command('list')
    .description('list the users: name, role, regions, units, and whether enabled, separated by tabs')
    .action(async () => {
      await withDatabase(async database => {
        let after: string | null = null
        do {
          const users: User[] = await new UserStore(database).list({ limit: USERS_AT_ONCE, after })
          for (const each of users) console.log(lineOf(each))
          after = users.length === USERS_AT_ONCE ? users.at(-1)!.name : null
        } while (after !== null)
      })
    })

  named('disable', 'let a user sign in no more, and end all sessions').action(async (name: string) => {
    await change(name, async () => ({ disabled: true }))
    console.log(`Disabled the user ${name}.`)
  })

  named('enable', 'let a user sign in again').action(async (name: string) => {
    await change(name, async () => ({ disabled: false }))
    console.log(`Enabled the user ${name}.`)
  })

  named('password', 'set a new password, and end all sessions; without --password-stdin one is made up and printed')
    .option('--password-stdin', 'take the password from standard input')
    .action(async (name: string, { passwordStdin }: Pick<AddOptions, 'passwordStdin'>) => {
      const given = passwordStdin === true ? await readPassword() : null
      const password = given ?? madeUpPassword()
      await change(name, async accounts => ({ passwordHash: orThrow(await accounts.passwordHash(password, name)) }))
      console.log(`Changed the password of ${name}.`)
      if (given === null) console.log(`Password: ${password}`)
    })
}

const USERS_AT_ONCE = 500

function change(name: string, make: (accounts: Accounts) => Promise<UserChanges>): Promise<void> {
  return withDatabase(async database => {
    const accounts = accountsOf(database)
    // Before the transaction: a password takes its time.
    const changes = await make(accounts)
    await database.transaction().execute(async transaction => {
      const users = new UserStore(transaction)
      await users.lockAdministration()
      const current = await users.find(name)
      if (current === undefined)
        throw new Error(`User ${name} does not exist; list the users with goldenhour user list.`)
      orThrow(await accounts.change(transaction, current, changes, auditedByCommandLine(database)))
    })
  })
}

function accountsOf(database: Database): Accounts {
  return new Accounts({
    passwords: new PasswordHasher(readConfig().auth.scryptLogN),
    revocations: new RevocationStore(database),
    wallClock: Date.now,
  })
}

function lineOf({ name, role, regions, units, disabled }: User): string {
  const shown = units?.join(',') ?? (role === 'driver' ? 'all' : '-')
  return [name, role, regions.join(',') || '-', shown, disabled ? 'disabled' : 'enabled'].join('\t')
}

/** The whole of standard input, without the line end that most programs add. */
async function readPassword(): Promise<string> {
  return (await text(process.stdin)).replace(/\r?\n$/, '')
}

function parseName(value: string): string {
  if (USER_NAME.test(value)) return value
  throw new InvalidArgumentError(
    'A user name is 1 to 64 characters of A-Z a-z 0-9 . _ @ -, the first a letter or digit, and not "system".',
  )
}

function collectRegions(value: string, previous: readonly string[]): readonly string[] {
  if (!REGION_ID.test(value)) throw new InvalidArgumentError('A region is 1 to 16 characters of a-z 0-9.')
  return previous.includes(value) ? previous : [...previous, value]
}

function collectUnits(value: string, previous: readonly string[] = []): readonly string[] {
  if (!UNIT_ID.test(value)) throw new InvalidArgumentError('A unit is 1 to 32 characters of A-Z a-z 0-9 . _ -')
  return previous.includes(value) ? previous : [...previous, value]
}
