/** `goldenhour erase`: takes the personal data out of a call that is over, or of all that are old. */
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import { readConfig } from '../config/index.ts'
import { AgeRefused } from '../store/age/age-work.ts'
import { regionNowMs } from '../store/age/archive-segments.ts'
import { eraseCall } from '../store/age/erase-call.ts'
import { isServed, lastErasure } from '../store/age/erasures.ts'
import { oldCalls } from '../store/age/old-calls.ts'
import type { WholeCall } from '../store/views/whole-call.ts'
import { asOwner, callNamed, type OwnWork, parseDays, reasoned } from './named-call.ts'

interface EraseOptions {
  readonly region?: string
  readonly reason: string
  readonly old?: true
  readonly olderThan?: number
}

const HELP = `
Erased are: who called, telephone number, address, everything that was said (details in every version, notes), the problem, and the
place, of which a net of a tenth of a degree stays. Kept are the times, units, crews, decisions and numbers of the call. The log stays
whole: records that had the place are written anew, and "goldenhour verify" proves that nothing else was changed. Engines may run. The
command ends a few seconds after the erasure, when it has seen that they have let go of the call.

The call has to have left the memory of its region, which it does a quarter of an hour after its last change. The tracks of its units
stay; they show where these were. Backups keep what was erased until they are deleted: erase again after a restore.

With --old every call is erased that is over and came in longer ago than retention.personalDays; one that is held is passed over, and said.`

const DAY_MS = 86_400_000
/** By then every engine has been told. */
const ENGINES_KNOW_MS = 3_000

export function defineErase(erase: Command): void {
  reasoned(
    erase
      .argument('[call]', 'the id of the call or of one of its trips, or its number on the radio')
      .option('--region <region>', 'the region; an id names it by itself. With --old: this region alone')
      .option('--old', 'all calls that are older than retention.personalDays')
      .option('--older-than <days>', 'in the place of the setting; as --old', parseDays),
  )
    .addHelpText('after', HELP)
    .action(async (name: string | undefined, options: EraseOptions) => {
      const isOld = options.old === true || options.olderThan !== undefined
      if (isOld === (name !== undefined)) throw new Error('Name one call, or give --old.')
      await asOwner(own => (name === undefined ? eraseOld(own, options) : eraseOne(own, name, options)))
    })
}

async function eraseOne(own: OwnWork, name: string, { region, reason }: EraseOptions): Promise<void> {
  const { database, audited } = own
  const call = await callNamed(database, name, region)
  const { records, texts } = await eraseCall(database, call, reason, audited)
  if (records + texts === 0) {
    const before = await lastErasure(database, call)
    const when = before === null ? 'It has no personal data' : `It was erased at ${before.toISOString()}`
    console.log(`Call ${call.callId}: nothing is left to erase. ${when}.`)
    return
  }
  await lookAgain(own, [call], reason)
  console.log(`Call ${call.callId}: erased ${texts} texts, and wrote ${records} records anew.`)
}

/** An engine that was just writing a call out may have put back what it had of it. */
async function lookAgain({ database, audited }: OwnWork, calls: readonly WholeCall[], reason: string): Promise<void> {
  const [first] = calls
  if (first === undefined) return
  if (await isServed(database, first.region))
    await new Promise<void>(resolve => void systemClock.after(ENGINES_KNOW_MS, resolve))
  for (const { callId, region } of calls) {
    const now = await callNamed(database, callId, region)
    await eraseCall(database, now, reason, audited).catch(error => {
      throw new Error(
        `Call ${callId} was erased, and an engine has changed it meanwhile: erase it once more in half an hour. (${error.message})`,
        { cause: error },
      )
    })
  }
}

/** Goes on past what cannot be erased now, and says so. */
async function eraseOld(own: OwnWork, { region: only, reason, olderThan }: EraseOptions): Promise<void> {
  const { database, audited } = own
  const days = olderThan ?? readConfig().retention.personalDays
  if (days === 0) throw new Error('Nothing is old: set retention.personalDays, or give --older-than.')
  const now = await regionNowMs(database)
  for (const [region, nowMs] of now) {
    if (only !== undefined && region !== only) continue
    let erased = 0
    for await (const callIds of oldCalls(database, region, nowMs - days * DAY_MS)) {
      const done: WholeCall[] = []
      for (const callId of callIds) {
        const call = await callNamed(database, callId, region)
        try {
          const { records, texts } = await eraseCall(database, call, reason, audited)
          if (records + texts > 0) done.push(call)
        } catch (error) {
          if (!(error instanceof AgeRefused)) throw error
          process.stderr.write(`${error.message}\n`)
        }
      }
      await lookAgain(own, done, reason)
      erased += done.length
    }
    console.log(`Region ${region}: ${erased} calls erased.`)
  }
}
