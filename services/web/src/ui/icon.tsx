/** A dozen drawings of 16 × 16 in the text's colour. They never stand alone: a word or a label is beside each. */
const paths = {
  clock: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 2.8V8l2.2 1.6',
  ring: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z',
  bell: 'M4 11V7.2a4 4 0 0 1 8 0V11l1.2 1.2H2.8L4 11Zm2.6 2.6h2.8',
  handset:
    'M4.6 2.5h2l1 2.8-1.4 1a7 7 0 0 0 3.5 3.5l1-1.4 2.8 1v2c0 1-.8 1.7-1.7 1.6A10 10 0 0 1 3 4.2c-.1-.9.6-1.7 1.6-1.7Z',
  tick: 'm3 8.5 3.3 3.3L13 4.8',
  minus: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2ZM5.2 8h5.6',
  missed: 'm2.5 5 5 5L13.5 4m0 0H9.6m3.9 0v3.9M3 13h10',
  octagon: 'M5.5 2h5L14 5.5v5L10.5 14h-5L2 10.5v-5L5.5 2ZM6 6l4 4m0-4-4 4',
  slash: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm-4.2 10.2 8.4-8.4',
  hourglass: 'M4 2.5h8M4 13.5h8M5 2.5c0 3 3 3.5 3 5.5s-3 2.5-3 5.5m6-11c0 3-3 3.5-3 5.5s3 2.5 3 5.5',
  pause: 'M5.5 3.5v9m5-9v9',
  play: 'M5 3.3v9.4L12.6 8 5 3.3Z',
  copy: 'M6 5.5V3h7v7h-2.5M3 6h7v7H3V6Z',
  file: 'M4 2h5l3 3v9H4V2Zm5 0v3h3M6.2 8.5h3.6M6.2 11h3.6',
  close: 'm4 4 8 8m0-8-8 8',
  menu: 'M2.5 4.5h11M2.5 8h11m-11 3.5h11',
  info: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Zm0 5.2v3.6M8 5.1v.1',
  warning: 'M8 2.5 14.5 13.5h-13L8 2.5Zm0 4v3m0 2v.1',
  external: 'M9 3h4v4m0-4L7.5 8.5M11 9v4H3V5h4',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, dashed }: { name: IconName; dashed?: boolean }) {
  return (
    <svg className="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={paths[name]} strokeDasharray={dashed ? '2.5 2.2' : undefined} />
    </svg>
  );
}
