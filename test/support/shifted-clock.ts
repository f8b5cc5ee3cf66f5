/** An engine whose wall clock a test sets: as its machine's, and nobody else's. */
import { writeFileSync } from 'node:fs'
import path from 'node:path'

/** Runs in the engine before anything else: its wall clock is ahead by what a file says, and by nothing else. */
const PRELOAD = `
  import { readFileSync } from 'node:fs'
  const now = Date.now
  let aheadMs = 0
  const look = () => { try { aheadMs = Number(readFileSync(process.env.AHEAD_FILE, 'utf8')) } catch {} }
  look()
  setInterval(look, 20).unref()
  Date.now = () => now() + aheadMs
`

let files = 0

/** Output: what the engine's process is started with, and how its clock is set ahead from then on. */
export function shiftedClock(): { env: Readonly<Record<string, string>>; setAhead: (ms: number) => void } {
  const file = path.join(process.env.GOLDENHOUR_TEST_DIR!, `ahead-${process.pid}-${++files}`)
  const setAhead = (ms: number) => writeFileSync(file, String(ms))
  setAhead(0)
  const preload = `data:text/javascript;base64,${Buffer.from(PRELOAD).toString('base64')}`
  return { env: { AHEAD_FILE: file, NODE_OPTIONS: `--import ${preload}` }, setAhead }
}
