/** The first user of a database that has none: an administrator, whose password is shown once to whoever starts the engine. */
import type { Accounts } from '../access/accounts.ts'
import type { PostgresAudit } from '../store/audit/postgres-audit.ts'
import type { Database } from '../store/postgres/database.ts'

interface FirstAdminPorts {
  readonly database: Database
  readonly audit: PostgresAudit
  readonly accounts: Accounts
  /** As configured; null: one is made up. */
  readonly password: string | null
  /** Does a step again while the database is away. */
  readonly whileAway: <Result>(step: () => Promise<Result>) => Promise<Result>
  /** Writes a line, and waits for nobody. It is no line of the log: it is for whoever starts the first engine. */
  readonly say: (line: string) => void
}

/** Where there is no user yet. Errors: UnfitAdminPassword. */
export async function makeFirstAdmin(ports: FirstAdminPorts): Promise<void> {
  const { database, audit, accounts, password, whileAway, say } = ports
  let attempts = 0
  const made = await whileAway(() => {
    attempts += 1
    return accounts.ensureFirstAdmin(database, password, (transaction, entry) =>
      audit.append(transaction, [{ actor: 'system', outcome: 'done', address: null, ...entry }]),
    )
  })
  if (made !== null) say(`The user admin was made. Its password, shown this once: ${made}\n`)
  else if (attempts > 1 && password === null)
    say(
      'The database went away while the user admin may have been made. If nobody knows its password, set one: npx goldenhour user password admin\n',
    )
}
