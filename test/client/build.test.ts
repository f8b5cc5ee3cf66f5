/** The package as it is published: plain JavaScript that Node runs by itself, with nothing of the engine in it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ScriptedServer } from './scripted-server.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../', import.meta.url))
let dist: string

before(async () => {
  // Inside the checkout, so that the package's dependencies are found from there.
  const cache = path.join(root, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  dist = await mkdtemp(path.join(cache, 'client-build-'))
  const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  await run(process.execPath, [tsc, '-p', path.join(root, 'tsconfig.build.json'), '--outDir', dist])
})
after(() => rm(dist, { recursive: true, force: true }))

test('the built library signs a driver on from a Node process without tsx', async () => {
  const server = await ScriptedServer.listen()
  const script = `
    const { connect } = await import(${JSON.stringify(path.join(dist, 'client', 'index.js'))})
    const driver = connect({ url: '${server.url}', token: 't', region: 'akl', role: 'driver', unitId: 'A1' })
    const { position } = await driver.signOn()
    driver.close()
    console.log('signed on at', position)
  `
  const child = run(process.execPath, ['--input-type=module', '-e', script])
  const peer = await server.peer()
  await peer.welcome()
  peer.send(['reply', (await peer.next('sign-on'))[1], 42, {}])
  assert.equal((await child).stdout, 'signed on at 42\n')
  server.close()
})

test('the built library imports nothing but msgpackr and, where the platform has no WebSocket, ws', async () => {
  const imports = new Set<string>()
  for (const file of await readdir(dist, { recursive: true })) {
    if (!file.endsWith('.js')) continue
    const source = await readFile(path.join(dist, file), 'utf8')
    // The word of a message is no import.
    for (const [, name] of source.matchAll(/(?<!')(?:from|import)\s*\(?\s*'([^.'][^']*)'/g)) imports.add(name!)
  }
  assert.deepEqual([...imports].sort(), ['msgpackr', 'ws'])
})

test('the package of the client alone has what the library imports, and exports what was built', async () => {
  const read = async (dir: string) => JSON.parse(await readFile(path.join(root, dir, 'package.json'), 'utf8'))
  const [own, whole] = [await read('packages/client'), await read('.')]
  assert.deepEqual(own.dependencies, { msgpackr: whole.dependencies.msgpackr })
  assert.deepEqual(own.peerDependencies, { ws: whole.dependencies.ws })
  assert.deepEqual([own.version, own.engines], [whole.version, whole.engines])
  const built = await readdir(dist, { recursive: true })
  for (const file of Object.values(own.exports['.']) as string[]) {
    assert.ok(built.includes(path.relative('dist', path.normalize(file))), file)
  }
})
