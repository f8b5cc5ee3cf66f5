/** `goldenhour status` and `goldenhour stop`: what runs on this machine, seen and ended from another terminal. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freePort } from '../../../tools/shared/free-port.ts'
import { runProcess } from '../../support/command-line.ts'
import { ADMIN_PASSWORD, EngineProcess } from '../../support/engine.ts'
import { baseDirWithPrograms, stopServerIn } from '../../support/postgres.ts'

test('an engine is seen, stopped in order, and what a killed one left behind is stopped too', async t => {
  const dir = await baseDirWithPrograms()
  t.after(() => stopServerIn(dir))
  const port = String(await freePort())
  const env = { GOLDENHOUR_DATA_DIR: dir, PORT: port, GOLDENHOUR_HOST: '127.0.0.1' }
  const quick = { GOLDENHOUR_ADMIN_PASSWORD: ADMIN_PASSWORD, GOLDENHOUR_AUTH_SCRYPT_LOG_N: '14' }
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await runProcess(args, { env })
    return { code, said: stdout + stderr }
  }

  const none = await run('status')
  assert.deepEqual(none, {
    code: 1,
    said: `No engine runs here: nothing of ours answers at http://127.0.0.1:${port}/.\n`,
  })
  assert.deepEqual(await run('stop'), { code: 0, said: 'Nothing of ours runs here.\n' })

  const engine = new EngineProcess({ ...env, ...quick })
  t.after(() => engine.kill())
  await engine.ready()
  const { pid } = engine.logs[0]!
  const address = `http://127.0.0.1:${port}/`
  assert.deepEqual(await run('status'), { code: 0, said: `${address} (process ${pid}) is ready\n` })
  const json = await run('status', '--json')
  assert.deepEqual(JSON.parse(json.said), { pid, port: Number(port), address, status: 'ready' })
  assert.deepEqual(await run('stop'), { code: 0, said: `Stopped the engine on port ${port} (process ${pid}).\n` })
  assert.deepEqual(await engine.exited, { code: 0, signal: null })

  const killed = new EngineProcess({ ...env, ...quick })
  await killed.ready()
  killed.kill()
  await killed.exited
  const left = await run('stop')
  assert.deepEqual(left, { code: 0, said: `Stopped the Postgres that had been left running in ${dir}.\n` })
  assert.deepEqual(await run('stop'), { code: 0, said: 'Nothing of ours runs here.\n' })
})
