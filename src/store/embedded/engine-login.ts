/** The role that engines run as in the embedded server: made when missing, also in one that an older version made. */
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto'
import { type Cluster, ENGINE_ROLE, engineUrlOf } from './cluster.ts'
import { ask } from './server.ts'

const WRONG_PASSWORD = '28P01'
const ITERATIONS = 4_096

/**
 * Lets the engine's role log in with the password of the directory. What it may do there is said by the migrations.
 * Errors: those of pg; 42710 and 23505 when another process makes the role at the same time.
 */
export async function letEngineIn(cluster: Cluster, port: number, database: string): Promise<void> {
  // Only a hash is sent: a statement that fails is written to the server's log as it is.
  const login = `LOGIN PASSWORD '${scramVerifier(cluster.enginePassword)}'`
  const existing = await ask(cluster, port, `SELECT 1 FROM pg_roles WHERE rolname = '${ENGINE_ROLE}'`)
  if (existing.length === 0) await ask(cluster, port, `CREATE ROLE ${ENGINE_ROLE} ${login}`)
  try {
    await ask(cluster, port, 'SELECT 1', engineUrlOf(cluster, port, database))
  } catch (error) {
    if ((error as { code?: unknown }).code !== WRONG_PASSWORD) throw error
    // The file was lost and made anew.
    await ask(cluster, port, `ALTER ROLE ${ENGINE_ROLE} ${login}`)
  }
}

/** What Postgres keeps of a password (RFC 5803), in which neither the password nor what it proves can be found. */
function scramVerifier(password: string): string {
  const salt = randomBytes(16)
  const salted = pbkdf2Sync(password, salt, ITERATIONS, 32, 'sha256')
  const keyOf = (text: string) => createHmac('sha256', salted).update(text).digest()
  const storedKey = createHash('sha256').update(keyOf('Client Key')).digest('base64')
  const serverKey = keyOf('Server Key').toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${storedKey}:${serverKey}`
}
