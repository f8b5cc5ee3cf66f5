/**
 * Ends the process of tests that hang, with the name of the one that does: imported before them in a run of all tests.
 *
 * What counts is that no test has ended for long, not how long they take together: that depends on the machine.
 */
import { afterEach, beforeEach } from 'node:test'
import { LONG } from './long.ts'

/** Many times what the longest test takes on a machine that is slow and busy. */
const HANGS_AFTER_MS = 900_000
const LOOK_EVERY_MS = 5_000

if (!LONG) {
  let last = 'the first test'
  let lastAtMs = performance.now()
  const note = (context: { readonly name: string }) => {
    last = context.name
    lastAtMs = performance.now()
  }
  beforeEach(note as () => void)
  afterEach(note as () => void)
  const look = () => {
    if (performance.now() - lastAtMs < HANGS_AFTER_MS) return
    console.error(`No test has begun or ended for ${HANGS_AFTER_MS / 60_000} minutes: ${last}`)
    process.exit(1)
  }
  // It keeps no process from its end.
  setInterval(look, LOOK_EVERY_MS).unref()
}
