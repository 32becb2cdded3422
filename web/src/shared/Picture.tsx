// A picture of a result. As an <img> an SVG can neither run scripts nor fetch anything, whatever it contains.
import { useEffect, useState } from 'react';
import type { Picture as PictureOf } from './api';

export function Picture({ picture, wide = false }: { picture: PictureOf; wide?: boolean }) {
  const [url, setUrl] = useState('');
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([picture.svg], { type: 'image/svg+xml' }));
    setUrl(made);
    return () => { setTimeout(() => URL.revokeObjectURL(made), 2000); }; // the picture before may still be loading
  }, [picture.svg]);
  return (
    <figure className={wide ? 'picture wide' : 'picture'}>
      {url && <img src={url} alt={picture.title} data-picture={picture.name} />}
    </figure>
  );
}
