/**
 * Runs the simulation over an engine in which one rule is broken on purpose.
 *
 * Production code has no switches for that: a copy of the source is made in a temporary directory, one place in it is
 * patched, and the simulation runs there as a process of its own. The copy is removed afterwards.
 */
import { type StdioOptions, spawn } from 'node:child_process'
import { cpSync } from 'node:fs'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { compileAgain } from '../../support/compile.ts'
import { IS_COMPILED, program } from '../../support/program.ts'
import type { Patch } from './variants.ts'

interface Ended {
  readonly exitCode: number
  readonly stderr: string
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
/** What the simulation is made of. */
const COPIED = ['src', 'bench', 'tools', 'test/sim', 'test/fuzz', 'test/support', 'package.json', 'tsconfig.json']

/** Input: the text of the patch's file. Errors: its place is not there exactly once. */
export function patched(text: string, { file, find, replace }: Patch): string {
  const times = text.split(find).length - 1
  if (times !== 1) throw new Error(`A patch must find its text once in ${file}, and finds it ${times} times: ${find}`)
  return text.replace(find, () => replace)
}

/**
 * Input: what `npm run sim --` would take. Output: as it would have ended; `stderr` is empty when it is inherited.
 * Errors: those of `patched` and of the file system.
 */
export async function runPatched(
  patches: readonly Patch[],
  args: readonly string[],
  stdio: 'inherit' | 'pipe',
): Promise<Ended> {
  const dir = await mkdtemp(path.join(process.env.GOLDENHOUR_TEST_DIR ?? tmpdir(), 'goldenhour-broken-'))
  try {
    // A third of what it takes to copy a thousand small files one promise after the other.
    for (const part of COPIED) cpSync(path.join(ROOT, part), path.join(dir, part), { recursive: true })
    await symlink(path.join(ROOT, 'node_modules'), path.join(dir, 'node_modules'))
    for (const patch of patches) {
      const file = path.join(dir, patch.file)
      await writeFile(file, patched(await readFile(file, 'utf8'), patch))
      if (IS_COMPILED) await compileAgain(file)
    }
    return await run([...program(pathToFileURL(path.join(dir, 'test/sim/main.ts'))), ...args], stdio)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

function run(args: readonly string[], stdio: 'inherit' | 'pipe'): Promise<Ended> {
  const own: StdioOptions = stdio === 'pipe' ? ['ignore', 'ignore', 'pipe'] : 'inherit'
  const child = spawn(process.execPath, args, { stdio: own })
  // Ctrl-C reaches the child as well; this process stays to remove the copy.
  const stay = () => {}
  process.on('SIGINT', stay)
  let stderr = ''
  child.stderr?.setEncoding('utf8').on('data', text => {
    stderr += text
  })
  return new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => resolve({ exitCode: code ?? 1, stderr }))
  }).finally(() => process.off('SIGINT', stay))
}
