/** `goldenhour erase`: takes the personal data out of a call that is over. */
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import { eraseCall } from '../store/age/erase-call.ts'
import { isServed, lastErasure } from '../store/age/erasures.ts'
import type { WholeCall } from '../store/views/whole-call.ts'
import { asOwner, callNamed, namesCall, reasoned } from './named-call.ts'

const HELP = `
Erased are: who called, telephone number, address, everything that was said (details in every version, notes), the problem, and the
place, of which a net of a tenth of a degree stays. Kept are the times, units, crews, decisions and numbers of the call. The log stays
whole: records that had the place are written anew, and "goldenhour verify" proves that nothing else was changed. Engines may run. The
command ends a few seconds after the erasure, when it has seen that they have let go of the call.

The call has to have left the memory of its region, which it does a quarter of an hour after its last change. The tracks of its units
stay; they show where these were. Backups keep what was erased until they are deleted: erase again after a restore.`

/** By then every engine has been told. */
const ENGINES_KNOW_MS = 3_000

export function defineErase(erase: Command): void {
  reasoned(namesCall(erase))
    .addHelpText('after', HELP)
    .action(async (name: string, { region, reason }: { region?: string; reason: string }) => {
      await asOwner(async ({ database, audited }) => {
        const call = await callNamed(database, name, region)
        const { records, texts } = await eraseCall(database, call, reason, audited)
        if (records + texts === 0) {
          const before = await lastErasure(database, call)
          const when = before === null ? 'It has no personal data' : `It was erased at ${before.toISOString()}`
          console.log(`Call ${call.callId}: nothing is left to erase. ${when}.`)
          return
        }
        if (await isServed(database, call.region))
          await new Promise<void>(resolve => void systemClock.after(ENGINES_KNOW_MS, resolve))
        await again(await callNamed(database, call.callId, call.region))
        console.log(`Call ${call.callId}: erased ${texts} texts, and wrote ${records} records anew.`)

        // An engine that was just writing the call out may have put back what it had of it.
        async function again(now: WholeCall): Promise<void> {
          await eraseCall(database, now, reason, audited).catch(error => {
            throw new Error(
              `Call ${now.callId} was erased, and an engine has changed it meanwhile: erase it once more in half an hour. (${error.message})`,
              { cause: error },
            )
          })
        }
      })
    })
}
