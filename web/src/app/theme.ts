// One calm look: a deep teal as the only accent, grounds near white or near black, text contrasts of at least 4.5 to 1.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const teal: MantineColorsTuple = [
  '#e8f4f5', '#d3e7e9', '#a8d0d4', '#79b7be', '#52a1aa', '#36909b', '#1f7e8a', '#106c79', '#0b5c68', '#064a54',
];

export const theme = createTheme({
  primaryColor: 'lumbar',
  primaryShade: { light: 8, dark: 3 },
  colors: { lumbar: teal },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", "Noto Sans", "Liberation Sans", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "Cascadia Mono", "Liberation Mono", "DejaVu Sans Mono", "Noto Sans Mono CJK SC", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.75rem', lineHeight: '1.25' }, h2: { fontSize: '1.3rem' }, h3: { fontSize: '1.06rem' } } },
  components: {
    Paper: { defaultProps: { withBorder: true, radius: 'md' } },
    Anchor: { defaultProps: { underline: 'always' } },
    Button: {
      // the accent is light on the dark ground: dark words on it there
      vars: (_: unknown, props: { variant?: string; color?: string }) => ({
        root: (props.variant ?? 'filled') === 'filled' && !props.color ? { '--button-color': 'var(--lumbar-on-accent)' } : {},
      }),
    },
    ModalHeader: { defaultProps: { role: 'presentation' } }, // a dialog's head is no banner of the page
    Badge: { styles: { label: { textTransform: 'none' } } },
  },
});

export const colours: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f7f9f9',
    '--mantine-color-text': '#1b2427',
    '--mantine-color-dimmed': '#4b5a5f',
    '--mantine-color-placeholder': '#5c6a6f',
    '--mantine-color-error': '#a61e1e',
    '--lumbar-on-accent': '#ffffff',
    '--mantine-color-anchor': '#0b5c68',
    '--mantine-color-default-border': '#c3ced1',
    '--lumbar-surface': '#ffffff',
    '--lumbar-line': '#dde4e6',
    '--lumbar-good': '#1c6b36',
    '--lumbar-warn': '#8a4b00',
    '--lumbar-bad': '#a61e1e',
    '--lumbar-tint': '#e8f4f5',
    '--lumbar-bar': '#36909b',
  },
  dark: {
    '--mantine-color-body': '#14191b',
    '--mantine-color-text': '#e6ecee',
    '--mantine-color-dimmed': '#aab7bb',
    '--mantine-color-placeholder': '#98a6aa',
    '--mantine-color-error': '#ff9c92',
    '--lumbar-on-accent': '#06262c',
    '--mantine-primary-color-contrast': '#06262c',
    '--mantine-color-anchor': '#8fcdd4',
    '--mantine-color-default-border': '#48565b',
    '--lumbar-surface': '#1c2326',
    '--lumbar-line': '#333f43',
    '--lumbar-good': '#7fd79b',
    '--lumbar-warn': '#f3bd6b',
    '--lumbar-bad': '#ff9c92',
    '--lumbar-tint': '#1d3438',
    '--lumbar-bar': '#52a1aa',
  },
});
