package main

import (
	"bytes"
	"fmt"
)

// numbers are n different numbers of several countries, written as people write them.
func numbers(n int) []string {
	list := make([]string, n)
	for i := range list {
		// 7919 has no divisor in common with 10,000 or 1,000,000: the numbers of a
		// list come in no order, and each comes once.
		m := i / 4 * 7919 % 1_000_000
		switch i % 4 {
		case 0:
			list[i] = fmt.Sprintf("0152 28%06d", m)
		case 1:
			list[i] = fmt.Sprintf("+44 20 79%02d %04d", m/10_000, m%10_000)
		case 2:
			list[i] = fmt.Sprintf("+1 (202) %03d-%04d", 200+m/10_000, m%10_000)
		default:
			list[i] = fmt.Sprintf("+33 6 12 %02d %02d %02d", m/10_000, m/100%100, m%100)
		}
	}
	return list
}

// region is whose numbers are written without a country code.
const region = "DE"

// callList is a CSV file with these numbers.
func callList(numbers []string) []byte {
	file := bytes.NewBufferString("name;phone;city\r\n")
	for i, number := range numbers {
		fmt.Fprintf(file, "Person %d;%s;\"Köln; Altstadt\"\r\n", i, number)
	}
	return file.Bytes()
}
