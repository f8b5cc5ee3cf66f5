/** Light or dark: as the system says, or as the dispatcher chose on this device. */
import { kept, type Theme } from '../kept.ts'
import { Topic } from '../topic.ts'

const ORDER: readonly Theme[] = ['system', 'light', 'dark']

/** Tells when the colours in use change: the map draws its own. */
export const themeChanges = new Topic()

export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement
  if (theme === 'system') delete dataset.theme
  else dataset.theme = theme
  themeChanges.tell()
}

/** Output: the theme that comes after the kept one; it is kept and in use from now on. */
export function nextTheme(): Theme {
  const next = ORDER[(ORDER.indexOf(kept.theme()) + 1) % ORDER.length]!
  kept.keepTheme(next)
  applyTheme(next)
  return next
}

export function isDark(): boolean {
  const { theme } = document.documentElement.dataset
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
}

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => themeChanges.tell())
