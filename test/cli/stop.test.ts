/** When `goldenhour stop` and `goldenhour status` take an engine for ended: as soon as it is, whatever its parent does. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { freePort } from '../../tools/shared/free-port.ts'
import { runProcess } from '../support/command-line.ts'
import { moduleOf, programText } from '../support/program.ts'
import { spawnUnwaited } from '../support/unwaited.ts'

const MODULE = moduleOf(new URL('../../src/process/run-file.ts', import.meta.url))

test('an engine that has ended is stopped, also while its parent has not asked how', async t => {
  if (process.platform !== 'linux') return t.skip('only Linux tells')
  const dir = mkdtempSync(path.join(tmpdir(), 'goldenhour-stop-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const port = await freePort()
  // It leaves its note behind, as an engine does that is killed.
  const engine = await spawnUnwaited(
    programText(`import { noteRunning } from ${JSON.stringify(MODULE.href)}
      noteRunning(${JSON.stringify(dir)}, { port: ${port}, address: 'http://127.0.0.1:${port}/' })
      setInterval(() => {}, 1_000)
      console.log('noted')`),
  )
  t.after(() => engine.end())
  const env = { GOLDENHOUR_DATA_DIR: dir, PORT: String(port), GOLDENHOUR_HOST: '127.0.0.1' }
  const said = `Stopped the engine on port ${port} (process ${engine.pid}).\n`
  assert.deepEqual(await runProcess(['stop'], { env }), { code: 0, stdout: said, stderr: '' })
  process.kill(engine.pid, 0)
  const again = await runProcess(['stop'], { env })
  assert.deepEqual(again, { code: 0, stdout: 'Nothing of ours runs here.\n', stderr: '' })
})
