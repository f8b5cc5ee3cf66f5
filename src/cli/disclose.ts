/** `goldenhour disclose`: everything about one call, in a directory of files with their hashes. */
import { mkdir, mkdtemp, rename, rm, rmdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { Command } from 'commander'
import { systemClock } from '../base/time.ts'
import { type Disclosure, gatherDisclosure } from '../store/age/disclosure.ts'
import { readChainHead } from '../store/audit/audit-chain.ts'
import type { Database } from '../store/postgres/database.ts'
import { type WholeCall, wholeCall } from '../store/views/whole-call.ts'
import { auditedByCommandLine } from './audited.ts'
import { type DisclosedFile, disclosureFiles, sha256 } from './disclosure-files.ts'
import { callNamed, namesCall, reasoned } from './named-call.ts'
import { withDatabase } from './with-database.ts'

interface DiscloseOptions {
  readonly region?: string
  readonly reason: string
  readonly to: string
}

const HELP = `
The directory is made, and must not be there yet; only its owner may read it. In it are events, times, what was said, decisions in words, the tracks
of the units while they were asked or worked, the policies in force, and what the audit has of the call; README.txt says what each file is.
It is all as of one moment, and engines may run. The audit has the hash of the list of hashes before the files have their names.`

export function defineDisclose(disclose: Command): void {
  reasoned(namesCall(disclose))
    .requiredOption('--to <directory>', 'where the files go')
    .addHelpText('after', HELP)
    .action(async (name: string, { region, reason, to }: DiscloseOptions) => {
      await withDatabase(async database => {
        const call = await callNamed(database, name, region)
        const directory = path.resolve(to)
        await mkdir(directory, { mode: 0o700 })
        // Under its name only when all of it is there.
        const partial = await mkdtemp(`${directory}.`)
        try {
          const files = disclosureFiles(await gathered(database, call), reason, new Date(systemClock.wallMs()))
          for (const { name, text } of files) await writeFile(path.join(partial, name), text, { mode: 0o600 })
          const proof = await noted(database, call, files, reason)
          await writeFile(path.join(partial, 'PROOF.txt'), proof, { mode: 0o600 })
          await rename(partial, directory)
          console.log(`Call ${call.callId} is in ${to}: ${files.length + 1} files.`)
          process.stdout.write(proof)
        } catch (error) {
          await rm(partial, { recursive: true, force: true })
          await rmdir(directory)
          throw error
        }
      })
    })
}

const gathered = (database: Database, call: WholeCall): Promise<Disclosure> =>
  database
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async transaction =>
      gatherDisclosure(transaction, (await wholeCall(transaction, call.region, call.callId))!),
    )

/** The last of the files is the list of the others' hashes. Answers what proves it. */
async function noted(
  database: Database,
  { region, callId, lastPosition }: WholeCall,
  files: readonly DisclosedFile[],
  reason: string,
): Promise<string> {
  const sums = sha256(files.at(-1)!.text)
  const audited = auditedByCommandLine(database)
  const end = await database.transaction().execute(async transaction => {
    const details = { reason, files: files.length, sums, lastPosition }
    await audited(transaction, { action: 'call-disclosed', region, subject: callId, details })
    return readChainHead(transaction)
  })
  return `SHA-256 of SHA256SUMS: ${sums}\nEntry of the audit that has it: ${end.seq}:${end.hash.toString('hex')}\n`
}
