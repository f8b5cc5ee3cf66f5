/**
 * Preloaded into an engine alone: shifts its wall clock by the milliseconds that a small file holds, whenever it says so.
 *
 * The monotonic clock, timers, the database and the clients keep true time, as after a wrong step of NTP.
 */
import { readFileSync } from 'node:fs'

const FILE = process.env.GOLDENHOUR_TEST_CLOCK_FILE
const POLL_MS = 20

const TrueDate = Date
let shiftMs = 0

function look() {
  try {
    const told = Number(readFileSync(FILE, 'utf8'))
    if (Number.isFinite(told)) shiftMs = told
  } catch {
    // Replaced at this moment, or gone with its directory: the shift stays as it was.
  }
}

if (FILE !== undefined) {
  look()
  setInterval(look, POLL_MS).unref()
  const now = () => TrueDate.now() + shiftMs
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new TrueDate(now()).toString(),
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  })
}
