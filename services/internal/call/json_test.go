package call_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/services/internal/call"
)

// What a store keeps as JSON it must read back as it was, every field of it.
func TestStoredItemsAreReadBackFromJSONAsTheyWere(t *testing.T) {
	t.Parallel()
	for _, item := range []any{
		&call.Call{}, &call.Claim{}, &call.Outcome{}, &call.Batch{}, &call.Counts{}, &call.Row{}, &call.RefusedRow{},
		&call.Redrive{}, &call.Capacity{}, &call.Lane{}, &call.Turn{}, &call.IdempotencyKey{},
	} {
		of := reflect.TypeOf(item).Elem()
		t.Run(of.Name(), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				value := reflect.New(of)
				fill(t, value.Elem(), of.Name())
				data, err := json.Marshal(value.Interface())
				if err != nil {
					t.Fatal(err)
				}
				back := reflect.New(of)
				if err := json.Unmarshal(data, back.Interface()); err != nil {
					t.Fatal(err)
				}
				if diff := diff(value.Interface(), back.Interface()); diff != "" {
					t.Fatalf("%s is read back with a difference (-was +is):\n%s", data, diff)
				}
			})
		})
	}
}

// fill gives every field of a value a random content, or leaves it empty. A map
// or list has something in it or is nil: an empty one means the same.
func fill(t *rapid.T, v reflect.Value, name string) {
	if !pick(t, name+" is set", true, true, true, false) {
		return
	}
	if _, isTime := reflect.TypeAssert[time.Time](v); isTime {
		at := time.Unix(rapid.Int64Range(0, 1<<34).Draw(t, name), rapid.Int64Range(0, 999_999_999).Draw(t, name))
		v.Set(reflect.ValueOf(at.UTC()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(rapid.String().Draw(t, name))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, name))
	case reflect.Float64:
		v.SetFloat(rapid.Float64Range(-1e9, 1e9).Draw(t, name))
	case reflect.Uint8:
		v.SetUint(uint64(rapid.Byte().Draw(t, name)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), name)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), name)
		fill(t, v.Index(1), name)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		content := reflect.New(v.Type().Elem()).Elem()
		fill(t, content, name)
		v.SetMapIndex(reflect.ValueOf(rapid.String().Draw(t, name)), content)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), v.Type().Field(i).Name)
		}
	default:
		t.Fatalf("%s is a %s, which this test can't fill", name, v.Kind())
	}
}
