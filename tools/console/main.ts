/**
 * `npm run build:console`: builds the web pages into `dist/console`, unless what is there is of these sources. `npm ci`,
 * `npm start` and `npm pack` do so too.
 */
import { buildConsole, canBuild } from './build.ts'

if (!canBuild()) {
  console.log('The console is not built: its libraries are not installed (npm ci without --omit=dev has them).')
} else if (await buildConsole()) {
  console.log('The console was built into dist/console.')
}
