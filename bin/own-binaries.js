// Run by `npm ci` in a checkout: uWebSockets.js comes with the binaries of every system, 200 MB that this machine never
// loads. What another Node of this machine could load stays. Nothing depends on it: with `--ignore-scripts`, or where the
// package lies elsewhere, all stay; and where one is missing after all, since the directory has moved to another system, the
// engine takes its portable transport and says to run `npm ci`.
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../node_modules', import.meta.url))

try {
  for (const file of foreignBinaries(path.join(modules, 'uWebSockets.js'))) rmSync(file)
} catch (error) {
  // Only room on the disk is lost.
  console.warn(`The binaries of other systems stay: ${error.message}`)
}

function foreignBinaries(dir) {
  // A link leads to what others use too.
  if (![modules, dir].every(each => lstatSync(each, { throwIfNoEntry: false })?.isDirectory())) return []
  const own = `uws_${process.platform}_${process.arch}_`
  const binaries = readdirSync(dir).filter(name => /^uws_\w+\.node$/.test(name))
  // Where there is none for this system, what there is may tell why.
  if (!binaries.some(name => name.startsWith(own))) return []
  return binaries.filter(name => !name.startsWith(own)).map(name => path.join(dir, name))
}
