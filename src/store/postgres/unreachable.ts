/** Why a database of the operator's cannot be reached, and what to do: errors of pg and of the system in plain words. */
import { DatabaseSetupError } from './database.ts'
import { isStoreAway } from './postgres-faults.ts'

/** What is wrong, and what to do about it. */
type Reason = readonly [string, string]

const PLACE = 'Start it, or correct host and port in DATABASE_URL'
const SYSTEM_SAYS: Readonly<Record<string, Reason>> = {
  ECONNREFUSED: ['nothing listens there', PLACE],
  ENOENT: ['nothing listens there', PLACE],
  ECONNRESET: ['what listens there ended the connection; it may be no Postgres', PLACE],
  ETIMEDOUT: ['it does not answer', PLACE],
  EHOSTUNREACH: ['no network leads there', PLACE],
  ENETUNREACH: ['no network leads there', PLACE],
  ENOTFOUND: ['no host has this name', 'Correct the host in DATABASE_URL'],
  EAI_AGAIN: ['no host has this name, or names cannot be asked for now', 'Correct the host in DATABASE_URL'],
}
const OF_SOCKETS = ['connect', 'getaddrinfo', 'read', 'write']
const WHO = 'Correct user and password in DATABASE_URL'
const SERVER_SAYS: Readonly<Record<string, string>> = {
  '28P01': WHO,
  '28000': `${WHO}, or let them in (pg_hba.conf of the server)`,
  '3D000': 'Create it (CREATE DATABASE), or correct the name in DATABASE_URL',
  '42501': WHO,
  '53300': 'End other connections, or raise max_connections of the server',
  '57P01': 'Try again once it runs',
  '57P03': 'Try again once it runs',
}
const NO_PASSWORD = /client password must be/
const OVERDUE = /not made in time/
const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_)/
const NO_TLS = /does not support SSL/

/** Null when the error says nothing against the connection. Input: the URL that was used; its password is not repeated. */
export function explainedUnreachable(error: unknown, url: string): DatabaseSetupError | null {
  const [what, advice] = reasonOf(error) ?? []
  if (what === undefined) return null
  return new DatabaseSetupError(
    'database-unreachable',
    `The database of DATABASE_URL (${withoutSecrets(url)}) cannot be used: ${what}. ${advice}; without DATABASE_URL the embedded Postgres is used.`,
    { cause: error },
  )
}

function reasonOf(error: unknown): Reason | null {
  if (!(error instanceof Error)) return null
  // One for each address of the host.
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0])
  const { message } = error
  const { code, severity, routine, syscall } = error as Partial<
    Record<'code' | 'severity' | 'routine' | 'syscall', string>
  >
  if (NO_PASSWORD.test(message)) {
    return ['it asks for a password', 'Write one into DATABASE_URL (postgres://user:password@host/name)']
  }
  if (OVERDUE.test(message)) return ['it does not answer', PLACE]
  if (NO_TLS.test(message)) return ['it does not speak TLS', 'Take sslmode out of DATABASE_URL']
  if (code !== undefined && severity !== undefined) {
    // Without the right to connect; of tables it says that, too, and means another thing.
    const isRefused = code !== '42501' || routine === 'CheckMyDatabase'
    const advice = isRefused ? SERVER_SAYS[code] : undefined
    return advice === undefined ? null : [`it says "${message}"`, advice]
  }
  if (code !== undefined && CERTIFICATE.test(code)) {
    return [`its certificate is not trusted (${code})`, 'Name its issuer with sslrootcert=FILE in DATABASE_URL']
  }
  if (code !== undefined && !OF_SOCKETS.includes(syscall ?? '')) return null
  const [what, advice] = SYSTEM_SAYS[code ?? ''] ?? []
  if (what !== undefined) return [`${what} (${code})`, advice!]
  return isStoreAway(error) ? [message, PLACE] : null
}

/** User, host, port and name; a query may hold a password, too. */
function withoutSecrets(url: string): string {
  const { protocol, username, host, pathname } = new URL(url)
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`
}
