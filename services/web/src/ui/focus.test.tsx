import { act, fireEvent, render, screen } from '@testing-library/react';
import { useEffect, useState } from 'react';
import { describe, expect, it } from 'vitest';

import { focusAfter, keepFocus, type Place } from './focus';

/** A page with a section whose button goes when it is pressed. */
function Demo({ place }: { place?: Place }) {
  const [there, setThere] = useState(true);
  useEffect(keepFocus, []);
  const press = () => {
    if (place) focusAfter(place);
    setThere(false);
  };
  return (
    <main>
      <h1 tabIndex={-1}>Page</h1>
      <input aria-label="Name" />
      <section>
        <h2>Section</h2>
        {there && (
          <p>
            <button type="button" onClick={press}>
              Undo
            </button>
          </p>
        )}
      </section>
      <div>
        <table aria-label="List" />
      </div>
    </main>
  );
}

async function press(place?: Place) {
  render(<Demo place={place} />);
  const button = screen.getByRole('button');
  button.focus();
  await act(async () => fireEvent.click(button));
  return document.activeElement;
}

describe('focus on what vanishes', () => {
  it('goes to the heading of its part of the page', async () => {
    expect((await press())?.textContent).toBe('Section');
  });

  it('goes to where the action says', async () => {
    expect((await press('table'))?.tagName).toBe('TABLE');
  });

  it('goes to the page’s heading, where the action says so', async () => {
    expect((await press('heading'))?.textContent).toBe('Page');
  });

  it('is not taken from where the person is', async () => {
    render(<Demo place="table" />);
    screen.getByRole('button').focus();
    screen.getByLabelText('Name').focus();
    await act(async () => fireEvent.click(screen.getByRole('button')));
    expect(document.activeElement).toBe(screen.getByLabelText('Name'));
  });

  it('goes nowhere by what an earlier action said', async () => {
    focusAfter('table');
    render(<Demo />);
    const button = screen.getByRole('button');
    button.focus();
    fireEvent.keyDown(button, { key: 'Enter' });
    await act(async () => fireEvent.click(button));
    expect(document.activeElement?.textContent).toBe('Section');
  });
});
