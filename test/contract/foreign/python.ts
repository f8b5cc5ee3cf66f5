/** Python, where it is there: a script gets its plan as JSON on its input and answers with one line of JSON. */
import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const OLDEST = [3, 8] as const

/** Why nothing can be run here; null where Python is there and new enough. */
export function whyNoPython(): string | null {
  const asked = spawnSync('python3', ['-c', 'import sys; print(*sys.version_info[:2])'], { encoding: 'utf8' })
  if (asked.error !== undefined || asked.status !== 0) return 'python3 is not installed'
  const [major = 0, minor = 0] = asked.stdout.trim().split(' ').map(Number)
  const isNewEnough = major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1])
  return isNewEnough ? null : `python3 is ${major}.${minor}; the client needs ${OLDEST.join('.')}`
}

/**
 * Runs a script of this folder; resolves with the last line that it printed.
 *
 * Errors: rejects with what it wrote to standard error when it ends otherwise than with 0, or has not ended after
 * `withinMs`.
 */
export function runPython<Outcome>(script: string, plan: unknown, withinMs = 300_000): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', ['-B', script], { cwd: HERE, timeout: withinMs, killSignal: 'SIGKILL' })
    let said = ''
    let complained = ''
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    child.stderr.on('data', (chunk: Buffer) => {
      complained += chunk.toString()
    })
    child.once('error', reject)
    child.once('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(said.trimEnd().split('\n').at(-1)!) as Outcome)
      else reject(new Error(`${script} ended with ${code ?? signal}: ${complained}`))
    })
    child.stdin.once('error', () => undefined) // Its end tells more than that it stopped reading.
    child.stdin.end(JSON.stringify(plan))
  })
}
