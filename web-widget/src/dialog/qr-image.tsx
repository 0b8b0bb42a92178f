import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { drawQr } from '../qr-code.ts';

/** Black on white whatever the theme: cameras need it. */
export function QrImage({ text, label }: { text: string; label: string }): JSX.Element {
  const { size, path } = useMemo(() => drawQr(text, 'L'), [text]);
  return (
    <svg
      class="qr"
      part="qr"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${size} ${size}`}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
