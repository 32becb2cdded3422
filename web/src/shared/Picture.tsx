// A picture of a result. As an <img> an SVG can neither run scripts nor fetch anything, whatever it contains. Its address holds the
// picture itself: no second rendering and no way round through another process, so that it follows a hand that drags.
import { useMemo } from 'react';
import type { Picture as PictureOf } from './api';

/** Only what an address cannot hold is escaped; the ends of lines between elements are left out. */
export const addressOf = (svg: string) => `data:image/svg+xml;charset=utf-8,${svg.replace(/>[\r\n]+</g, '><').replace(/[%#\r\n\t]/g, encodeURIComponent)}`;

export function Picture({ picture, wide = false }: { picture: PictureOf; wide?: boolean }) {
  const url = useMemo(() => addressOf(picture.svg), [picture.svg]);
  return (
    <figure className={wide ? 'picture wide' : 'picture'}>
      <img src={url} alt={picture.title} data-picture={picture.name} />
    </figure>
  );
}
