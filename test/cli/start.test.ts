/** How the program gets from its sources to its first command: what it loads, and what is kept between two runs. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import test, { type TestContext } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BIN = path.join(ROOT, 'bin')

async function temporaryDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'goldenhour-start-'))
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** The modules of ours that a command loads, as paths below src. */
async function loadedBy(t: TestContext, ...args: string[]): Promise<string[]> {
  const dir = await temporaryDir(t)
  await run(process.execPath, [path.join(BIN, 'goldenhour.js'), ...args], {
    env: { ...process.env, NODE_V8_COVERAGE: dir },
  })
  const loaded = new Set<string>()
  for (const name of await readdir(dir)) {
    const { result } = JSON.parse(await readFile(path.join(dir, name), 'utf8')) as { result: { url: string }[] }
    for (const { url } of result) {
      const [, module] = /\/src\/([^?]+)\.[jt]s(?:\?|$)/.exec(url) ?? []
      if (module !== undefined && !url.includes('/node_modules/tsx/')) loaded.add(module)
    }
  }
  return [...loaded].sort()
}

test('help and version load none of the commands, and a command loads none of the engine', async t => {
  const always = ['cli/checked-command', 'cli/index', 'cli/interruption', 'cli/package-version', 'process/stop-asked']
  assert.deepEqual(await loadedBy(t, '--help'), always)
  assert.deepEqual(await loadedBy(t, '--version'), always)
  const loaded = await loadedBy(t, 'config', 'print')
  assert.ok(loaded.includes('config/index'))
  assert.deepEqual(
    loaded.filter(module => !/^(base|cli|config|process|protocol)\//.test(module)),
    [],
  )
})

/** A checkout with one module, which says a word of its own and one that it reads from beside it. */
async function checkout(t: TestContext, { compiler = true } = {}): Promise<{ root: string; sources: URL }> {
  const root = await temporaryDir(t)
  for (const dir of ['src/cli', 'node_modules', 'bin']) await mkdir(path.join(root, dir), { recursive: true })
  if (compiler) await symlink(path.join(ROOT, 'node_modules/typescript'), path.join(root, 'node_modules/typescript'))
  await writeFile(path.join(root, 'package.json'), '{"type": "module", "version": "7.7.7"}')
  await writeFile(path.join(root, 'src/cli/word.txt'), 'beside')
  await writeFile(
    path.join(root, 'src/cli/index.ts'),
    `import { readFileSync } from 'node:fs'
import { word } from './word.ts'
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8')
console.log(word, read('word.txt'), JSON.parse(read('../../package.json')).version)
`,
  )
  await say(root, 'one')
  return { root, sources: pathToFileURL(path.join(root, 'src/')) }
}

const say = (root: string, word: string) =>
  writeFile(path.join(root, 'src/cli/word.ts'), `export const word: string = '${word}'\n`)

const { compiled } = (await import(pathToFileURL(path.join(BIN, 'compiled.js')).href)) as {
  compiled: (sources: URL) => URL | null
}

async function wordOf(directory: URL | null): Promise<string> {
  assert.ok(directory !== null)
  return (await run(process.execPath, [fileURLToPath(new URL('cli/index.js', directory))])).stdout.trim()
}

test('the sources are compiled once for each state that they are in', async t => {
  const { root, sources } = await checkout(t)
  const first = compiled(sources)
  assert.equal(await wordOf(first), 'one beside 7.7.7')
  assert.deepEqual(compiled(sources), first)

  const cache = path.join(root, 'node_modules/.cache/goldenhour')
  for (let old = 0; old < 6; old++) {
    const dir = path.join(cache, `${old}`.padStart(16, '0'))
    await mkdir(dir)
    await utimes(dir, old, old)
  }
  await say(root, 'two')
  // An edit within the same moment and of the same size is the one that could be missed.
  await utimes(path.join(root, 'src/cli/word.ts'), 1_000, 1_000)
  assert.equal(await wordOf(compiled(sources)), 'two beside 7.7.7')
  assert.equal(await wordOf(first), 'one beside 7.7.7', 'a program that runs keeps what it began with')
  assert.equal((await readdir(cache)).length, 5, 'only the last few are kept')
})

test('programs that start together on new sources all run', async t => {
  const { root, sources } = await checkout(t)
  const code = `import { compiled } from ${JSON.stringify(pathToFileURL(path.join(BIN, 'compiled.js')))}
await import(new URL('cli/index.js', compiled(new URL(${JSON.stringify(sources)}))))`
  const programs = Array.from({ length: 4 }, () => run(process.execPath, ['--input-type=module', '-e', code]))
  for (const { stdout } of await Promise.all(programs)) assert.equal(stdout, 'one beside 7.7.7\n')
  assert.equal((await readdir(path.join(root, 'node_modules/.cache/goldenhour'))).length, 1)
})

test('what another program takes away while old states are looked for keeps nobody from the new one', async t => {
  const { root, sources } = await checkout(t)
  const cache = path.join(root, 'node_modules/.cache/goldenhour')
  await mkdir(cache, { recursive: true })
  // Listed, and not there any more when it is looked at.
  await symlink(path.join(root, 'gone'), path.join(cache, `${'0'.repeat(16)}.17`))
  assert.equal(await wordOf(compiled(sources)), 'one beside 7.7.7')
})

test('where nothing can be compiled or kept the sources are left to tsx', async t => {
  assert.equal(compiled((await checkout(t, { compiler: false })).sources), null)
  const { root, sources } = await checkout(t)
  await writeFile(path.join(root, 'node_modules/.cache'), 'no directory')
  assert.equal(compiled(sources), null)
})

test('a source that cannot be compiled is left to tsx, which says what is wrong with it', async t => {
  const { root, sources } = await checkout(t)
  await writeFile(path.join(root, 'src/cli/word.ts'), 'export const word = = 1\n')
  assert.equal(compiled(sources), null)
})

test('a checkout without its modules says how to get them', async t => {
  const root = await temporaryDir(t)
  await symlink(path.join(ROOT, 'src'), path.join(root, 'src'))
  // A link would be followed to the modules of this checkout.
  await cp(BIN, path.join(root, 'bin'), { recursive: true, dereference: true })
  await writeFile(path.join(root, 'package.json'), '{"type": "module"}')
  const ran = run(process.execPath, [path.join(root, 'bin/goldenhour.js'), 'serve'], { timeout: 60_000 })
  await assert.rejects(ran, { code: 1, stderr: /^error: .*: run npm ci first\.\n$/ })
})
